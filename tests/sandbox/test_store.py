"""What people see survives a restart, and a kill."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectorError

from tests.patience import PATIENCE
from tests.sandbox.pictures import png
from tests.sandbox.waiting import until
from vitte.core.nursery import Nursery
from vitte.embedded.ports import free_port
from vitte.sandbox.client import SandboxClient
from vitte.sandbox.testing import TOKEN, running_sandbox

SERVER = """
import asyncio, pathlib, sys
from vitte.sandbox.server import serve
from vitte.sandbox.settings import SandboxSettings
asyncio.run(serve(SandboxSettings(port=int(sys.argv[1]), state_dir=pathlib.Path(sys.argv[2]))))
"""


async def test_everything_a_person_sees_survives_a_restart(tmp_path: Path) -> None:
    async with running_sandbox(state_dir=tmp_path) as sandbox:
        anna = await sandbox.person("Anna", username="anna", language_code="ru", listen=False)
        await anna.send("/start")
        await anna.send_photo(png(), caption="mine")
        sent = await sandbox.result("sendMessage", chat_id=anna.id, text="one")
        where = {"chat_id": anna.id, "message_id": sent["message_id"]}
        await sandbox.result("editMessageText", **where, text="two")
        gone = await sandbox.result("sendMessage", chat_id=anna.id, text="gone")
        await sandbox.result("deleteMessage", chat_id=anna.id, message_id=gone["message_id"])
        await sandbox.result("setMyCommands", commands=[{"command": "go", "description": "Go"}])
        before, people = await anna.chat(), await sandbox.state()
        first, second = await sandbox.result("getUpdates")
        await sandbox.result("getUpdates", offset=second["update_id"])
    async with running_sandbox(state_dir=tmp_path) as sandbox:
        anna = await sandbox.known_person(1001, listen=False)
        assert await anna.chat() == before
        assert await sandbox.state() == people
        assert await anna.download(before["messages"][1]["photo_url"]) == png()
        assert await sandbox.result("getUpdates") == [second]
        await anna.send("later")
        *_, third = await sandbox.result("getUpdates")
        assert first["update_id"] < second["update_id"] < third["update_id"]
        assert third["message"]["message_id"] > gone["message_id"]
        boris = await sandbox.person("Boris", listen=False)
        assert boris.id == 1002
        assert (await boris.send_photo(png()))["photo_url"] != before["messages"][1]["photo_url"]


async def test_block_and_webhook_survive_a_restart(tmp_path: Path) -> None:
    async with running_sandbox(state_dir=tmp_path) as sandbox:
        anna = await sandbox.person(listen=False)
        await anna.send("/start")
        await anna.block()
        params: dict[str, Any] = {
            "url": "http://127.0.0.1:1/x",
            "secret_token": "s",
            "allowed_updates": ["message"],
        }
        await sandbox.result("setWebhook", **params)
    async with running_sandbox(state_dir=tmp_path) as sandbox:
        info = await sandbox.result("getWebhookInfo")
        assert (info["url"], info["allowed_updates"]) == (params["url"], ["message"])
        assert info["pending_update_count"] == 2
        answer = await sandbox.call("sendMessage", chat_id=1001, text="x")
        assert answer["description"] == "Forbidden: bot was blocked by the user"


def kept_messages(state_dir: Path) -> int:
    """Return how many messages are on disk."""
    with closing(sqlite3.connect(f"file:{state_dir}/world.sqlite3?mode=ro", uri=True)) as database:
        [count] = database.execute("SELECT count(*) FROM records WHERE kind = 'message'").fetchone()
        return int(count)


@asynccontextmanager
async def server_process(port: int, state_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(port), str(state_dir), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with SandboxClient(f"http://127.0.0.1:{port}") as client, asyncio.timeout(PATIENCE):
            while True:
                try:
                    await client.state()
                    break
                except ClientConnectorError:
                    await asyncio.sleep(0.02)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_killed_sandbox_keeps_what_was_written_and_gives_no_number_twice(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with server_process(port, tmp_path) as process, SandboxClient(base) as sandbox:
        anna = await sandbox.person(listen=False)
        sent = await anna.send("before the kill")
        await until(lambda: kept_messages(tmp_path) == 1)
        await anna.send("perhaps lost")
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    async with running_sandbox(state_dir=tmp_path) as sandbox:
        anna = await sandbox.known_person(anna.id, listen=False)
        messages = (await anna.chat())["messages"]
        assert messages[0] == sent
        [first, *_] = await sandbox.result("getUpdates", TOKEN)
        assert first["message"]["text"] == "before the kill"
        again = await anna.send("after the kill")
        assert again["message_id"] > sent["message_id"] + 1
        *_, last = await sandbox.result("getUpdates", TOKEN)
        assert last["update_id"] > first["update_id"] + 1


async def test_signal_ends_the_server_before_the_poll_that_is_open(tmp_path: Path, nursery: Nursery) -> None:
    port = free_port()
    async with (
        server_process(port, tmp_path) as process,
        SandboxClient(f"http://127.0.0.1:{port}") as sandbox,
    ):
        person = await sandbox.person()
        path = f"/bot{TOKEN}/getUpdates"
        first = await sandbox.get(path, {"timeout": "0"})
        poll = nursery.start(sandbox.get(path, {"timeout": "50"}), name="poll")
        # The event comes after the poll has arrived: both go through the one server in order.
        await person.send("/start")
        await person.wait_for_event("message")
        process.terminate()
        async with asyncio.timeout(40):
            await process.wait()
        assert first == {"ok": True, "result": []}
        assert (await poll)["ok"] is True
