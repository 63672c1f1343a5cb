"""Rules of the house that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

MAX_LINES = 400
CODE = {".py", ".js", ".css", ".html", ".sh", ".jinja", ".mako"}


@pytest.fixture(scope="session")
def tracked(pytestconfig: pytest.Config) -> list[Path]:
    """Every file of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [path for line in listed if (path := pytestconfig.rootpath / line).is_file()]


def test_no_file_of_code_has_grown_too_long_to_read(tracked: list[Path]) -> None:
    code = [path for path in tracked if path.suffix in CODE]
    assert len(code) > 50
    too_long = {
        str(path): lines for path in code if (lines := path.read_text("utf-8").count("\n")) > MAX_LINES
    }
    assert too_long == {}


def test_no_token_and_no_private_path_is_committed(tracked: list[Path]) -> None:
    # Invented tokens say that they are, as in 42:TEST.
    token = re.compile(r"\b\d{8,10}:[\w-]{35}\b")
    for path in tracked:
        if path.suffix in {".png", ".gif", ".jpg"}:
            continue
        text = path.read_text("utf-8")
        found = [match for match in token.findall(text) if "invented" not in match]
        assert not found, f"{path} holds a token"
        assert "/home/" not in text or path.name == Path(__file__).name, f"{path} names somebody's folder"


def test_the_locked_requirements_have_hashes_and_name_no_host(tracked: list[Path]) -> None:
    locked = [path for path in tracked if path.parent.name == "requirements" and path.suffix == ".txt"]
    assert len(locked) == 5
    for path in locked:
        text = path.read_text("utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert not re.search(r"^-(i|f|-index|-extra|-find|-trusted)", text, re.MULTILINE)


def test_every_link_between_the_pages_leads_somewhere(tracked: list[Path]) -> None:
    pages = {path: path.read_text("utf-8") for path in tracked if path.suffix == ".md"}
    links = [(page, link) for page, text in pages.items() for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    inside = [(page, link) for page, link in links if not re.match(r"\w+:", link)]
    assert len(inside) > 30
    for page, link in inside:
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", pages[target], re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{page.name}: {link}"
