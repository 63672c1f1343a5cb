"""Docker Swarm: it obeys all that is written, and the processes find what they need."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from vitte.core.settings import Settings, load_settings
from vitte.core.settings.files import _variables
from vitte.core.stopping import MARGIN
from vitte.main.cli import cli
from vitte.main.init import write_compose_files

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "swarm"
PROCESSES = ("bot", "api", "worker", "beat", "admin")
# Taken with a warning that nobody reads, or without a word, and without effect:
# https://github.com/docker/cli/blob/master/cli/compose/types/types.go
IGNORED = {
    *(
        "build",
        "cgroup_parent",
        "container_name",
        "depends_on",
        "devices",
        "external_links",
        "links",
        "network_mode",
    ),
    *("pull_policy", "restart", "security_opt", "shm_size", "tmpfs", "userns_mode"),
}


def stack(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return loaded


def services() -> dict[str, dict[str, Any]]:
    """Return those of all files."""
    return {
        name: service
        for file in ("stack", "migrations", "data")
        for name, service in stack(file)["services"].items()
    }


def settings_file() -> dict[str, str]:
    lines = (FOLDER / "settings.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_nothing_is_written_that_swarm_ignores() -> None:
    assert set(services()) == {*PROCESSES, "migrations", "nginx", "postgres", "redis"}
    for name, service in services().items():
        assert not IGNORED & set(service), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert any(mount["target"] == "/tmp" for mount in service["volumes"] if isinstance(mount, dict)), name  # noqa: S108
        assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
        assert service["deploy"]["restart_policy"]["condition"], name
        if name != "migrations":
            assert service["healthcheck"]["test"], name


def test_every_secret_is_the_swarms_own_and_every_name_is_declared() -> None:
    for file in ("stack", "migrations", "data"):
        content = stack(file)
        used: dict[str, set[str]] = {"secrets": set(), "configs": set(), "networks": set()}
        for service in content["services"].values():
            for kind, names in used.items():
                names |= {item if isinstance(item, str) else item["source"] for item in service.get(kind, ())}
        for kind, names in used.items():
            assert names == set(content.get(kind, {})), f"{file}: {kind}"
        for name, secret in content["secrets"].items():
            assert secret["external"] is True
            # It cannot be changed, only replaced by one of another name.
            assert re.fullmatch(rf"vitte_{name}_\$\{{VITTE_\w+:-1\}}", secret["name"])
        for config in content.get("configs", {}).values():
            assert (FOLDER / config["file"]).resolve().is_file()
            assert "${VITTE_CONFIGS:-1}" in config["name"]


@pytest.mark.parametrize("process", [*PROCESSES, "migrations"])
def test_a_process_finds_every_setting_and_secret_that_it_needs(
    process: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = services()[process]
    name, command, rest = cli.resolve_command(click.Context(cli), list(service["command"]))
    assert command is not None
    command.make_context(name, rest)
    write_compose_files(tmp_path / "env", tmp_path / "secrets")
    (tmp_path / "secrets/telegram_token").write_text("42:TEST\n")
    given = {item if isinstance(item, str) else item["target"] for item in service["secrets"]}
    known = set(_variables(Settings, "VITTE_"))
    monkeypatch.setenv("VITTE_ENV_FILE", "")
    for variable, value in (settings_file() | service["environment"]).items():
        text = str(value).replace("${VITTE_DOMAIN:?the public name}", "vitte.test")
        if text.startswith("/run/secrets/"):
            secret = text.removeprefix("/run/secrets/")
            # What it is not given it shall fail for here as there.
            text = str(tmp_path / "secrets" / (secret if secret in given else "not-given"))
        assert variable.removesuffix("_FILE") in known or variable in known
        monkeypatch.setenv(variable, text)
    settings = load_settings(process)
    assert settings.telegram.mode == ("webhook" if process in {"bot", "api"} else "polling")
    assert settings.database.password.get_secret_value()
    if process not in {"bot", "api"}:
        assert not {secret for secret in given if secret.startswith("telegram")}


def test_the_new_comes_before_the_old_goes_but_for_the_clock_the_disks_and_the_ports() -> None:
    orders = {
        name: service["deploy"].get("update_config", {}).get("order") for name, service in services().items()
    }
    first = {name for name, order in orders.items() if order == "start-first"}
    assert first == {"bot", "api", "worker", "admin"}
    assert {name for name, order in orders.items() if order == "stop-first"} == {
        "beat",
        "nginx",
        "postgres",
        "redis",
    }
    assert services()["beat"]["deploy"]["replicas"] == 1
    assert services()["migrations"]["deploy"]["mode"] == "replicated-job"


def test_a_process_gets_the_time_that_its_end_takes() -> None:
    longest = max(getattr(Settings(), name).stop_timeout for name in ("bot", "api", "worker", "admin"))
    for name in PROCESSES:
        grace = services()[name]["stop_grace_period"]
        assert int(grace.removesuffix("s")) > longest + 2 * MARGIN
