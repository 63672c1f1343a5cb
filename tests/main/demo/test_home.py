"""The folder of a demo: one at a time, secrets that stay, data that goes when told to."""

import os
from pathlib import Path

import pytest

from vitte.main.demo.home import open_home
from vitte.main.demo.options import DemoError, DemoOptions


def options(folder: Path, port_base: int = 8080) -> DemoOptions:
    return DemoOptions(data_dir=folder / "data", port_base=port_base)


def test_a_second_demo_on_the_same_ports_is_told_how_to_run_beside_the_first(tmp_path: Path) -> None:
    with open_home(options(tmp_path)):
        with (
            pytest.raises(DemoError, match=rf"process {os.getpid()}\).*--port-base 8180"),
            open_home(options(tmp_path)),
        ):
            pass
        with open_home(options(tmp_path, 8180)) as other:
            assert other.root.name == "8180"
    with open_home(options(tmp_path)):
        pass


def test_secrets_stay_between_starts_and_are_the_owners_alone(tmp_path: Path) -> None:
    with open_home(options(tmp_path)) as home:
        first = home.secrets()
        assert home.secrets_file.stat().st_mode & 0o777 == 0o600
        assert len({first.database_password, first.redis_password, first.admin_secret_key}) == 3
    with open_home(options(tmp_path)) as home:
        assert home.secrets() == first


@pytest.mark.parametrize("text", ["", "{", "[]", '{"admin_password": "kept"}'])
def test_a_broken_file_of_secrets_is_mended(tmp_path: Path, text: str) -> None:
    with open_home(options(tmp_path)) as home:
        home.secrets_file.write_text(text)
        mended = home.secrets()
        assert (mended.admin_password == "kept") is ("kept" in text)
        assert home.secrets() == mended


def test_reset_deletes_data_but_not_what_links_point_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    with open_home(options(tmp_path)) as home:
        home.secrets()
        (home.root / "postgres" / "deep").mkdir(parents=True)
        (home.root / "link").symlink_to(outside)
        home.empty()
        assert [entry.name for entry in home.root.iterdir()] == ["lock"]
    assert (outside / "precious").exists()


def test_logs_of_the_last_run_are_put_aside(tmp_path: Path) -> None:
    with open_home(options(tmp_path)) as home:
        for text in ("first", "second"):
            home.put_old_logs_aside()
            (home.logs / "bot.log").write_text(text)
        assert (home.logs / "previous" / "bot.log").read_text() == "first"


def test_git_does_not_see_the_data(tmp_path: Path) -> None:
    with open_home(options(tmp_path)):
        assert (tmp_path / "data" / ".gitignore").read_text() == "*\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_root_does_not_take_another_users_data(tmp_path: Path) -> None:
    with open_home(options(tmp_path)) as home:
        os.chown(home.root, 12345, 12345)
    with (
        pytest.raises(DemoError, match=r"belongs to another user \(id 12345\).*--data-dir"),
        open_home(options(tmp_path)),
    ):
        pass


def test_a_folder_that_cannot_be_written_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(DemoError, match=r"Cannot write to .*--data-dir"), open_home(options(tmp_path)):
        pass
