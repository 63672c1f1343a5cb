"""What a process does not load."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("vitte.main.api, vitte.api.app, vitte.main.container", ("aiogram", "starlette_admin")),
        ("vitte.main.admin", ("aiogram",)),
        ("vitte.main.bot", ("mcp", "mcp_types", "httpx2", "jsonschema")),
        ("vitte.main.beat", ("aiogram", "fastapi", "sqlalchemy")),
        (
            "vitte.main.worker, vitte.main.container, vitte.worker.bridge, vitte.worker.tasks.dialogs",
            ("aiogram", "fastapi", "starlette"),
        ),
    ],
)
def test_a_process_loads_no_framework_that_it_does_not_use(modules: str, unwanted: tuple[str, ...]) -> None:
    program = f"import sys, {modules}\nsys.exit(', '.join(set(sys.modules) & {set(unwanted)!r}) or None)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
