"""Root may start PostgreSQL too, in every kind of container."""

import os
from pathlib import Path

import asyncpg
import pytest

from vitte.embedded import unprivileged
from vitte.embedded.errors import EmbeddedError
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.unprivileged import NOBODY, USER_NAMESPACE, Launcher

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by PostgreSQL")


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """A folder that only root may pass."""
    tmp_path.chmod(0o700)
    return tmp_path


async def test_data_may_wander_between_all_ways_below_a_closed_folder(
    closed_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step, launcher in enumerate((NOBODY, USER_NAMESPACE, NOBODY)):
        monkeypatch.setattr(unprivileged, "LAUNCHERS", (launcher,))
        server = PostgresServer(closed_folder / "pg", password="x", durable=False, die_with_parent=True)
        try:
            server.start()
        except EmbeddedError as error:
            if launcher is USER_NAMESPACE and "no way to run" in str(error):
                pytest.skip("this machine forbids user namespaces")
            raise
        try:
            connection = await asyncpg.connect(server.url)
            await connection.execute(f"CREATE TABLE step{step} (n int)")
            assert (
                await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename ~ '^step'")
                == step + 1
            )
            await connection.close()
        finally:
            server.stop()


def test_when_no_way_works_each_is_told_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = Launcher(name="a tool", arguments=("no-such-tool",), owner=0)
    failing = Launcher(name="a failure", arguments=("false",), owner=0)
    monkeypatch.setattr(unprivileged, "LAUNCHERS", (absent, failing))
    with pytest.raises(EmbeddedError) as caught:
        PostgresServer(tmp_path / "pg", password="x").start()
    assert "a tool: no-such-tool is not installed" in str(caught.value)
    assert "a failure: exit code 1" in str(caught.value)
    assert "as an ordinary user" in str(caught.value)
