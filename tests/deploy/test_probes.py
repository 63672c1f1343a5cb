"""Kubernetes asks each process what it really answers."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.deploy.manifests import PROCESSES, Manifests, Object, render
from tests.patience import PATIENCE
from tests.web.processes import environment, running
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port
from vitte.sandbox.testing import RunningSandbox, running_sandbox

pytestmark = pytest.mark.chaos

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """The processes are the same in every overlay."""
    return render("small", tmp_path_factory.mktemp("small"))


@pytest.fixture
async def sandbox(settings: Settings) -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as sandbox:
        settings.telegram.api_url = sandbox.base_url
        yield sandbox


def port_of(settings: Settings, process: str) -> tuple[Any, str]:
    """Return the section of a process, and the name of the setting that is its port."""
    return getattr(settings, process), "metrics_port" if process == "worker" else "port"


async def passes(probe: Object, *, port: int, command_environment: dict[str, str]) -> bool:
    """Ask as the kubelet does."""
    if "exec" in probe:
        program, *arguments = probe["exec"]["command"]
        assert program == "vitte"
        asked = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vitte", *arguments),
            env=command_environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await asked.wait() == 0
    try:
        if "tcpSocket" in probe:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        async with (
            aiohttp.ClientSession() as client,
            # The kubelet takes a redirect for a good answer: the panel's to its login would hide a fault.
            client.get(f"http://127.0.0.1:{port}{probe['httpGet']['path']}", allow_redirects=False) as answer,
        ):
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("process", PROCESSES)
async def test_every_probe_finds_its_process_well_and_nobody_where_there_is_none(
    small: Manifests, process: str, settings: Settings, sandbox: RunningSandbox
) -> None:
    [container] = small.pods()[process]["containers"]
    [port] = container["ports"]
    assert {
        probe.get("httpGet", probe.get("tcpSocket", {})).get("port", "http")
        for probe in map(container.get, PROBES)
    } == {port["name"]}
    section, name = port_of(Settings(), process)
    assert port["containerPort"] == getattr(section, name)
    assert container["env"].count({"name": f"VITTE_{process.upper()}__HOST", "value": "0.0.0.0"}) == 1  # noqa: S104

    section, name = port_of(settings, process)
    setattr(section, name, number := free_port())
    async with running("-m", "vitte", *container["args"], settings=settings) as running_process:
        command_environment = environment(settings) | {"TMPDIR": str(running_process.folder)}
        for probe in map(container.get, PROBES):
            assert probe["timeoutSeconds" if "timeoutSeconds" in probe else "periodSeconds"] >= 2
            async with asyncio.timeout(PATIENCE):
                while not await passes(probe, port=number, command_environment=command_environment):
                    assert running_process.process.returncode is None, running_process.lines
                    await asyncio.sleep(0.1)
        await running_process.stop()
        if process != "beat":
            for probe in map(container.get, PROBES):
                assert not await passes(probe, port=number, command_environment=command_environment)
