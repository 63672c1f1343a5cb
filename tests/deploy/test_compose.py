"""compose.yaml as a text: what a look at it tells without starting anything."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from vitte.main.cli import cli

ROOT = Path(__file__).parents[2]
RUN_AND_END = {"migrations"}
MIB = 1024 * 1024
ROOM = 8 * 1024 - 1280
"""MiB that the containers may use at most on a server of 8 GB."""


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return loaded


COMPOSE = load("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def mebibytes(size: str) -> float:
    """Return a size as Compose has it, such as 1G."""
    return float(size[:-1]) * {"M": 1, "G": 1024}[size[-1]]


def bind_mounts() -> Iterator[str]:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            if volume.startswith("./"):
                yield volume.split(":")[0]


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_do_more_than_it_has_to(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all("size=" in place for place in service["tmpfs"])
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert service["stop_grace_period"] == "40s"
    assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"])
    # Images of our own have a user of their own.
    assert service["image"].startswith("vitte") or service["user"].partition(":")[0] not in {"0", "root", ""}
    assert ("ports" in service) == (name == "nginx")
    if name not in RUN_AND_END:
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"


def test_an_image_from_outside_is_of_one_version() -> None:
    for name, service in SERVICES.items():
        assert "latest" not in service["image"], name
        assert re.search(r":.+", service["image"]), name


def test_all_of_it_fits_a_server_of_8_gb() -> None:
    running = {name: service for name, service in SERVICES.items() if name not in RUN_AND_END}
    limits = {n: mebibytes(s["deploy"]["resources"]["limits"]["memory"]) for n, s in running.items()}
    assert sum(limits.values()) <= ROOM, limits
    for name, service in running.items():
        assert mebibytes(service["deploy"]["resources"]["reservations"]["memory"]) <= limits[name], name


def test_what_is_optional_has_to_be_asked_for() -> None:
    optional = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert optional == {"postgres-exporter": ["exporters"], "redis-exporter": ["exporters"], "s3": ["s3"]}


def test_every_file_that_is_shown_to_a_service_is_there() -> None:
    assert all((ROOT / path).exists() for path in bind_mounts())


def test_init_makes_every_secret_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["init", "--compose"]).exit_code == 0
    wanted = set(COMPOSE["secrets"]) | set(load("deploy/compose.sentry.yaml")["secrets"])
    assert {path.name for path in (tmp_path / "secrets").iterdir()} == wanted
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])


def test_every_process_can_report_to_sentry_once_it_is_asked_to() -> None:
    changed = load("deploy/compose.sentry.yaml")["services"]
    ours = {n for n, s in SERVICES.items() if s["image"].startswith("vitte:")} - RUN_AND_END
    assert set(changed) == ours
    for name in ours:
        assert "outside" in [*SERVICES[name]["networks"], *changed[name].get("networks", ())], name
