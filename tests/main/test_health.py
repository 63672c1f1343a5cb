"""`vitte health`: what a container engine asks."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.web.processes import environment, running
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port
from vitte.worker import sign_of_life

pytestmark = pytest.mark.chaos


async def ask(process: str, settings: Settings, *options: str, folder: Path | None = None) -> tuple[int, str]:
    """Run `vitte health`; return its exit code and what it said."""
    temporary = {} if folder is None else {"TMPDIR": str(folder)}
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vitte", "health", process, *options),
        env=environment(settings) | temporary,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asked.communicate()
    assert asked.returncode is not None
    return asked.returncode, said.decode()


async def until_healthy(process: str, settings: Settings, *options: str) -> None:
    """Ask until the answer is the right one: a machine that is busy may be late with it."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await ask(process, settings, *options)) != (0, ""):
            assert "does not answer" in answer[1] or "503" in answer[1], answer


@pytest.mark.parametrize("process", ["api", "admin", "worker"])
async def test_a_process_is_healthy_as_long_as_it_answers(settings: Settings, process: str) -> None:
    port = free_port()
    settings.api.port = settings.admin.port = settings.worker.metrics_port = port
    code, said = await ask(process, settings)
    assert (code, f"127.0.0.1:{port} does not answer" in said) == (1, True)
    settings.api.host = settings.admin.host = settings.worker.host = "0.0.0.0"  # noqa: S104
    async with running("-m", "vitte", "run", process, settings=settings) as running_process:
        await running_process.logged(f"{process}_ready")
        await until_healthy(process, settings)
        await until_healthy(process, settings, "--ready")


async def test_a_process_without_its_database_is_alive_but_not_ready(settings: Settings) -> None:
    settings.api.port, settings.database.port = free_port(), free_port()
    async with running("-m", "vitte", "run", "api", settings=settings) as api:
        await api.logged("api_ready")
        await until_healthy("api", settings)
        code, said = await ask("api", settings, "--ready")
        assert (code, "/health/ready answers 503" in said) == (1, True)


async def test_the_clock_is_healthy_as_long_as_it_ticks(settings: Settings, tmp_path: Path) -> None:
    code, said = await ask("beat", settings, folder=tmp_path)
    assert (code, "has not ticked yet" in said) == (1, True)
    async with running("-m", "vitte", "run", "beat", settings=settings) as beat:
        await beat.logged("beat_ready")
        await _until(lambda: any(beat.folder.glob("vitte-beat-*")), within=PATIENCE)
        [sign] = beat.folder.glob("vitte-beat-*")
        assert await ask("beat", settings, folder=beat.folder) == (0, "")
        os.kill(beat.process.pid, signal.SIGSTOP)
        long_ago = sign.stat().st_mtime - sign_of_life.MAX_AGE - 60
        os.utime(sign, (long_ago, long_ago))
        code, said = await ask("beat", settings, folder=beat.folder)
        assert (code, "has not ticked for" in said) == (1, True)
        os.kill(beat.process.pid, signal.SIGCONT)
        await _until(lambda: sign.stat().st_mtime != long_ago, within=sign_of_life.LONGEST_PAUSE + PATIENCE)
        assert await ask("beat", settings, folder=beat.folder) == (0, "")


def test_a_sign_of_life_is_not_written_through_a_link_of_somebody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"vitte-beat-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        sign_of_life.touch()
    assert not (tmp_path / "elsewhere").exists()


async def _until(holds: Callable[[], bool], *, within: float) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.05)
