"""The web server: how it ends, and the chat page it serves."""

import asyncio
from pathlib import Path

from tests.sandbox.waiting import until
from vitte.core.nursery import Nursery
from vitte.sandbox.client import SandboxClient, SandboxPerson
from vitte.sandbox.server import SandboxServer, address, create_app, free_socket, run_server
from vitte.sandbox.settings import SandboxSettings
from vitte.sandbox.testing import TOKEN, RunningSandbox, running_sandbox


async def test_server_ends_at_once_with_polls_and_sockets_open(nursery: Nursery) -> None:
    settings = SandboxSettings(port=0)
    listening = free_socket("127.0.0.1", 0)
    server = SandboxServer(create_app(settings), settings, handle_signals=False)
    serving = nursery.start(run_server(server, sockets=[listening]), name="server")
    async with SandboxClient(address(listening)) as client:
        person = await client.person()
        poll = nursery.start(client.get(f"/bot{TOKEN}/getUpdates", {"timeout": "50"}), name="poll")
        await until(lambda: server.app.sandbox.world.queue(42).polled)
        serving.cancel()
        # The poll alone would last for fifty seconds.
        ended, _ = await asyncio.wait({serving}, timeout=40)
        assert ended
        assert await poll == {"ok": True, "result": []}
        assert person.events == []


async def test_page_is_served_fresh_and_nothing_beside_it(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<title>chat</title>")
    (page / "app.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    async with running_sandbox(static_dir=page) as sandbox:
        for path, kind in (("/", "text/html"), ("/static/app.js", "javascript")):
            async with sandbox.session.get(sandbox.base_url + path) as answer:
                assert answer.status == 200
                assert kind in answer.content_type
                assert answer.headers["Cache-Control"] == "no-cache"
        for path in ("/static/%2e%2e/secret.txt", "/static/..%2fsecret.txt", "/static/nothing.js"):
            async with sandbox.session.get(sandbox.base_url + path) as answer:
                assert answer.status == 404


async def test_sandbox_without_a_page_says_so(tmp_path: Path) -> None:
    async with running_sandbox(static_dir=tmp_path) as sandbox:
        async with sandbox.session.get(sandbox.base_url + "/") as answer:
            assert answer.status == 200
            assert "The sandbox is up" in await answer.text()
        assert (await sandbox.call("getMe"))["ok"]


async def test_many_calls_at_once_are_all_answered(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    sends = [sandbox.result("sendMessage", chat_id=anna.id, text=str(number)) for number in range(100)]
    results = await asyncio.gather(*sends)
    assert len({result["message_id"] for result in results}) == 100
