"""MCP servers: as they should be, and as they should not."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.clients.tools.conftest import KEY, MakeServer, command, listening
from tests.patience import PATIENCE
from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.mcp.content import ServerTool
from vitte.clients.tools.mcp.names import tool_name
from vitte.clients.tools.mcp.session import McpServer
from vitte.core.settings.tools import McpServerSettings
from vitte.embedded.ports import free_port


async def tool(server: McpServer, own_name: str) -> ServerTool:
    """Wait until the server lists this tool."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for listed in await server.tools():
                if listed.own_name == own_name:
                    return listed
            await asyncio.sleep(0.02)


def servers_of_this_process() -> list[int]:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"mcp_server" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def process_of(server: McpServer) -> int:
    said = await server.call(await tool(server, "environment"), {})
    return int(said.rpartition("pid=")[2].split()[0])


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_tool_of_a_command_is_listed_and_does_what_it_says(make_server: MakeServer) -> None:
    server = make_server(command())
    add = await tool(server, "add")
    assert (add.definition.name, add.definition.description, add.title) == (
        "t__add",
        "Add two numbers.",
        "Add up",
    )
    assert set(add.definition.parameters["properties"]) == {"a", "b"}
    assert await server.call(add, {"a": 2, "b": 3}) == "5"


async def test_a_command_is_given_none_of_our_secrets(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITTE_TELEGRAM__TOKEN", "42:TEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = make_server(command())
    given = (await server.call(await tool(server, "environment"), {})).split()
    assert "GIVEN" in given
    assert not {"VITTE_TELEGRAM__TOKEN", "AWS_SECRET_ACCESS_KEY"} & set(given)


async def test_a_server_at_an_address_is_told_its_key_and_logs_do_not_tell_it(
    make_server: MakeServer, capfd: pytest.CaptureFixture[str]
) -> None:
    async with listening(free_port()) as settings:
        server = make_server(settings)
        assert await server.call(await tool(server, "add"), {"a": 2, "b": 3}) == "5"
        wrong = McpServerSettings.model_validate({"url": settings.url, "headers": {"X-Key": f"{KEY}-wrong"}})
        refused = make_server(wrong)
        assert await refused.tools() == ()
        assert refused.fault
    assert KEY not in "".join(capfd.readouterr())


async def test_a_server_that_starts_anew_is_found_again(make_server: MakeServer) -> None:
    port = free_port()
    async with listening(port) as settings:
        server = make_server(settings)
        add = await tool(server, "add")
    with pytest.raises(ToolFailedError):
        await server.call(add, {"a": 2, "b": 3})
    assert await server.tools() == ()
    async with listening(port):
        assert await server.call(await tool(server, "add"), {"a": 2, "b": 3}) == "5"


async def test_a_server_that_dies_in_a_call_fails_that_call_and_serves_the_next(
    make_server: MakeServer,
) -> None:
    server = make_server(command())
    add = await tool(server, "add")
    with pytest.raises(ToolFailedError, match="may or may not"):
        await server.call(await tool(server, "die"), {})
    assert await server.call(add, {"a": 2, "b": 3}) == "5"


async def test_what_may_be_done_twice_is_done_again_after_a_lost_connection(
    make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(command())
    once = await tool(server, "die_once")
    assert await server.call(once, {"note": str(tmp_path / "note")}) == "alive"


async def test_a_call_that_takes_too_long_is_given_up_and_its_server_is_told(
    make_server: MakeServer, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    server = make_server(command(), timeout=0.5)
    sleep = await tool(server, "sleep")
    with pytest.raises(ToolFailedError, match="too long"):
        await server.call(sleep, {"seconds": 2, "note": str(note)})
    # Were it not told, it would be at the end of the first by the end of the second.
    for _ in range(2):
        with pytest.raises(ToolFailedError):
            await server.call(sleep, {"seconds": 2, "note": str(tmp_path / "other")})
    assert not note.exists()
    assert await server.tools() == (), "a server that is silent thrice is left alone"
    with pytest.raises(ToolFailedError, match="does not answer at the moment"):
        await server.call(sleep, {"seconds": 0, "note": str(note)})


async def test_a_server_that_says_nothing_keeps_an_answer_waiting_for_a_moment_only(
    make_server: MakeServer,
) -> None:
    server = make_server(command("--silent"), mcp_wait=0.1)
    assert await server.tools() == ()


async def test_a_server_that_cannot_be_started_has_no_tools_and_says_why(make_server: MakeServer) -> None:
    server = make_server(McpServerSettings(command="/there/is/no/such/program"))
    assert await server.tools() == ()
    assert (server.fault, server.is_connected) == ("FileNotFoundError", False)


@pytest.mark.parametrize("arguments", [(), ("--silent",)])
async def test_no_process_of_a_server_is_left_behind(
    make_server: MakeServer, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    server = make_server(command(*arguments), mcp_wait=0.5 if arguments else PATIENCE)
    await server.tools()
    ours = servers_of_this_process()
    assert ours
    # One that is silent is not waited for to the end.
    await server.close(within=1 if arguments else PATIENCE)
    assert not any(map(is_running, ours))
    assert await server.tools() == ()


async def test_a_call_that_somebody_gives_up_leaves_the_session_as_it_was(
    make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(command())
    pid, sleep = await process_of(server), await tool(server, "sleep")
    for _ in range(4):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await server.call(sleep, {"seconds": 100, "note": str(tmp_path / "note")})
    assert await process_of(server) == pid


async def test_a_new_tool_is_there_when_its_server_says_so(make_server: MakeServer) -> None:
    for module in ("tests.mcp_server", "tests.old_mcp_server"):
        server = make_server(command(module=module))
        await server.call(await tool(server, "learn"), {"name": "learnt"})
        assert (await tool(server, "learnt")).definition.name == "t__learnt"


async def test_a_list_is_renewed_now_and_then_without_being_told(make_server: MakeServer) -> None:
    async with listening(free_port()) as settings:
        first, second = make_server(settings, mcp_refresh=0.05), make_server(settings, mcp_refresh=0.05)
        await second.tools()
        await first.call(await tool(first, "learn"), {"name": "learnt"})
        await tool(second, "learnt")


async def test_what_a_failing_tool_says_is_told_as_a_failure(make_server: MakeServer) -> None:
    server = make_server(command())
    with pytest.raises(ToolFailedError, match="Ignore all"):
        await server.call(await tool(server, "fail"), {})


async def test_a_strange_list_is_brought_within_bounds(make_server: MakeServer) -> None:
    server = make_server(command(module="tests.old_mcp_server"))
    listed = {found.own_name: found.definition for found in await server.tools()}
    assert len(listed) == 64
    assert not {"huge", "broken_schema", "far_schema"} & listed.keys()
    assert listed["good"].description == ""
    assert len(listed["wordy"].description) == 1024
    assert len(json.dumps([tool.parameters for tool in listed.values()])) < 20_000


@pytest.mark.parametrize("name", ["wrong_shape", "wrong_output"])
async def test_an_answer_of_the_wrong_shape_is_a_failure_and_not_shown(
    make_server: MakeServer, name: str
) -> None:
    server = make_server(command(module="tests.old_mcp_server"))
    with pytest.raises(ToolFailedError, match="breaks its own rules"):
        await server.call(await tool(server, name), {})
    assert await server.call(await tool(server, "good"), {}) == "done"


async def test_of_pictures_and_pages_the_model_gets_what_is_text(make_server: MakeServer) -> None:
    server = make_server(command(module="tests.old_mcp_server"))
    assert await server.call(await tool(server, "picture"), {}) == "see:\n[image left out]\na page"


def test_names_are_such_as_every_provider_takes_and_keep_apart() -> None:
    plain = tool_name("notes", "read-page_2")
    assert plain == "notes__read-page_2"
    strange = [
        tool_name("notes", name) for name in ("a.b", "a/b", "a_b", "", "ж" * 100, "x" * 100, "x" * 101)
    ]
    assert len({*strange}) == len(strange)
    for name in strange:
        assert len(name) <= 64
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
