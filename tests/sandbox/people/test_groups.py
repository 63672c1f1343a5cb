"""Groups: what a bot gets to read there, and what it may not do."""

from typing import Any

import pytest

from vitte.sandbox.client import SandboxPerson, SandboxRefusedError
from vitte.sandbox.group_client import SandboxGroup
from vitte.sandbox.model import Json
from vitte.sandbox.testing import RunningSandbox

NAME = "vitte_bot"


@pytest.fixture
async def club(sandbox: RunningSandbox, anna: SandboxPerson) -> SandboxGroup:
    """A group with the bot in it."""
    return await SandboxGroup.of(anna, await sandbox.person("Ben"))


async def updates(sandbox: RunningSandbox) -> list[Json]:
    """Return what came since the last look."""
    found: list[Json] = await sandbox.result("getUpdates", timeout=0)
    if found:
        await sandbox.result("getUpdates", offset=found[-1]["update_id"] + 1, timeout=0)
    return found


async def test_a_bot_gets_what_is_meant_for_it_and_nothing_else(
    sandbox: RunningSandbox, club: SandboxGroup, anna: SandboxPerson
) -> None:
    await updates(sandbox)
    for text in ("hello", f"@{NAME} a", "/help", f"/help@{NAME}", "/help@other_bot", "@other_bot b"):
        await club.say(anna, text)
    got = [update["message"]["text"] for update in await updates(sandbox)]
    assert got == [f"@{NAME} a", f"/help@{NAME}"]


async def test_a_bot_that_spoke_last_gets_bare_commands_and_replies_to_it(
    sandbox: RunningSandbox, club: SandboxGroup, anna: SandboxPerson
) -> None:
    sent = await sandbox.result("sendMessage", chat_id=club.id, text="I am here")
    await updates(sandbox)
    await club.say(anna, "/help")
    await club.say(anna, "/help")
    await club.say(anna, "thanks", reply_to_message_id=sent["message_id"])
    got = [update["message"] for update in await updates(sandbox)]
    assert [message["text"] for message in got] == ["/help", "thanks"]
    assert got[1]["reply_to_message"]["from"]["id"] == 42
    assert (got[1]["chat"]["type"], got[1]["from"]["first_name"]) == ("supergroup", "Anna")


async def test_an_administrator_gets_everything(
    sandbox: RunningSandbox, club: SandboxGroup, anna: SandboxPerson
) -> None:
    await club.set_bot("administrator")
    await club.say(anna, "hello", guise="anonymous")
    member, message = (update for update in (await updates(sandbox))[-2:])
    assert member["my_chat_member"]["new_chat_member"]["status"] == "administrator"
    assert message["message"]["from"]["username"] == "GroupAnonymousBot"
    assert message["message"]["sender_chat"]["id"] == club.id


@pytest.mark.parametrize("status", ["left", "kicked"])
async def test_a_bot_that_is_out_hears_nothing_and_may_say_nothing(
    sandbox: RunningSandbox, club: SandboxGroup, anna: SandboxPerson, status: str
) -> None:
    await club.set_bot(status)
    await updates(sandbox)
    await club.say(anna, f"@{NAME} hello")
    assert await updates(sandbox) == []
    answer = await sandbox.call("sendMessage", chat_id=club.id, text="hello")
    assert (answer["error_code"], answer["description"].startswith("Forbidden: bot ")) == (403, True)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"message_thread_id": 9}, "message thread not found"),
        ({"reply_parameters": {"message_id": 9999}}, "message to be replied not found"),
    ],
)
async def test_what_is_not_there_is_refused(
    sandbox: RunningSandbox, club: SandboxGroup, params: dict[str, Any], words: str
) -> None:
    answer = await sandbox.call("sendMessage", chat_id=club.id, text="hello", **params)
    assert (answer["error_code"], answer["description"]) == (400, f"Bad Request: {words}")


async def test_a_message_of_a_topic_says_so(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    forum = await SandboxGroup.of(anna, topics=[5])
    sent = await sandbox.result("sendMessage", chat_id=forum.id, text="hello", message_thread_id=5)
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (5, True)
    assert (await forum.say(anna, "hello", topic=5))["message_thread_id"] == 5
    assert sent["chat"]["is_forum"]


async def test_only_people_of_a_group_write_there(sandbox: RunningSandbox, club: SandboxGroup) -> None:
    stranger = await sandbox.person("Zoe")
    with pytest.raises(SandboxRefusedError, match="not in the group"):
        await club.say(stranger, "hello")


async def test_what_is_said_in_a_group_is_not_shown_in_a_private_chat(
    club: SandboxGroup, anna: SandboxPerson
) -> None:
    before = len((await anna.chat())["messages"])
    await club.say(anna, "hello")
    assert len((await anna.chat())["messages"]) == before
