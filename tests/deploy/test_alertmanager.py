"""Alertmanager: what it tells the owner, through Telegram."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

from tests.conftest import IN_CI
from tests.patience import PATIENCE
from vitte.embedded.ports import free_port
from vitte.sandbox.testing import RunningSandbox, running_sandbox

ROOT = Path(__file__).parents[2]
START = ROOT / "deploy" / "alertmanager" / "start.sh"
TOKEN = "42:TEST"


def program(*names: str) -> str:
    """Return a program of the machine; without one the test is skipped, in CI it fails."""
    for name in names:
        if path := shutil.which(name):
            return path
    if IN_CI:
        pytest.fail(f"{names[0]} is missing: apt install prometheus-alertmanager")
    pytest.skip(f"no {names[0]} on this machine")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the container is told, and where its settings go."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    return {
        "PATH": os.defpath,
        "ALERTMANAGER": "true",
        "ALERTMANAGER_CONFIG": str(tmp_path / "made.yml"),
        "VITTE_TELEGRAM__TOKEN_FILE": str(tmp_path / "token"),
        "VITTE_ALERTS__CHAT_ID": "-1001",
    }


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([START], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("chat_id", ["1001", "-100123", "0", ""])
def test_its_settings_are_accepted_with_and_without_somebody_to_tell(
    environment: dict[str, str], chat_id: str
) -> None:
    environment["VITTE_ALERTS__CHAT_ID"] = chat_id
    assert start(environment).returncode == 0
    made = Path(environment["ALERTMANAGER_CONFIG"])
    assert made.stat().st_mode & 0o077 == 0
    checked = subprocess.run(
        [program("amtool"), "check-config", made], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    receiver = yaml.safe_load(made.read_text())["route"]["receiver"]
    assert receiver == ("owner" if chat_id.strip("0") else "nobody")


def test_what_cannot_be_a_token_is_refused_and_not_shown(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text('42:a|"\n')
    refused = start(environment)
    assert refused.returncode == 1
    assert "42:a" not in refused.stdout + refused.stderr
    assert not Path(environment["ALERTMANAGER_CONFIG"]).exists()


@asynccontextmanager
async def alertmanager(environment: dict[str, str], folder: Path) -> AsyncIterator[str]:
    """Run a real one that does not wait for more alerts to come; yields its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        START,
        f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.path={folder}",
        "--cluster.listen-address=",
        env=environment | {"ALERTMANAGER": program("prometheus-alertmanager", "alertmanager")},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as client, asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with client.get(f"{address}/-/ready") as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)
        yield address
    finally:
        process.kill()
        await process.wait()


async def test_an_alert_reaches_the_owner_in_telegram(environment: dict[str, str], tmp_path: Path) -> None:
    async with running_sandbox() as sandbox:
        owner = await owner_of(sandbox)
        environment |= {"VITTE_ALERTS__CHAT_ID": str(owner), "VITTE_TELEGRAM__API_URL": sandbox.base_url}
        async with alertmanager(environment, tmp_path) as address, aiohttp.ClientSession() as client:
            alert = {
                "labels": {"alertname": "BotDown", "severity": "critical"},
                "annotations": {"summary": "No bot <is> running", "description": "It & all."},
            }
            async with client.post(
                f"{address}/api/v2/alerts", data=json.dumps([alert]), headers=_JSON
            ) as answer:
                assert answer.status == 200
            calls = await sandbox.wait_for_calls("sendMessage", count=1, timeout=2 * PATIENCE)
        sent = calls[-1]["params"]["text"]
        assert "🔴 No bot <is> running" in sent
        assert "It & all." in sent
        assert "docs/operations.md: BotDown" in sent


_JSON = {"Content-Type": "application/json"}


async def owner_of(sandbox: RunningSandbox) -> int:
    """Return the id of somebody who has written to the bot."""
    await sandbox.result("getMe", token=TOKEN)
    person = await sandbox.person("Olga")
    await person.send("/start")
    return person.id
