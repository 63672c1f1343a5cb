"""getUpdates: what a polling bot gets, when, and how often."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiogram.types import Update

from tests.patience import PATIENCE
from tests.sandbox.waiting import polling, until
from vitte.core.nursery import Nursery
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import NO_LIMITS, TOKEN, RunningSandbox, running_sandbox


async def updates(sandbox: RunningSandbox, **params: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = await sandbox.result("getUpdates", **params)
    return result


async def texts(sandbox: RunningSandbox, **params: Any) -> list[str]:
    return [update["message"]["text"] for update in await updates(sandbox, **params)]


async def test_update_has_telegrams_shape(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    [raw] = await updates(sandbox)
    update = Update.model_validate(raw)
    assert update.message is not None
    assert update.message.from_user is not None
    assert (update.message.text, update.message.from_user.language_code) == ("/start", "ru")
    assert raw["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert raw["message"]["from"] == {
        "id": anna.id,
        "is_bot": False,
        "first_name": "Anna",
        "last_name": "Ivanova",
        "username": "anna",
        "language_code": "ru",
    }


async def test_unconfirmed_updates_come_again_until_the_offset_passes_them(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    await anna.send("two")
    first, second = await updates(sandbox)
    assert second["update_id"] == first["update_id"] + 1
    assert await texts(sandbox) == ["/start", "two"]
    assert await texts(sandbox, offset=first["update_id"] + 1) == ["two"]
    assert await texts(sandbox) == ["two"]
    assert await texts(sandbox, offset=second["update_id"] + 1) == []
    assert await texts(sandbox) == []


async def test_negative_offset_forgets_all_but_the_last(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    for text in "abc":
        await anna.send(text)
    assert await texts(sandbox, offset=-2) == ["b", "c"]
    assert await texts(sandbox) == ["b", "c"]


async def test_limit_is_kept_between_1_and_100(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    for number in range(105):
        await anna.send(str(number))
    assert len(await updates(sandbox, limit=2)) == 2
    assert len(await updates(sandbox, limit=0)) == 1
    assert len(await updates(sandbox, limit=1000)) == 100
    assert len(await updates(sandbox)) == 100


async def test_offset_from_another_life_of_the_bot_does_not_make_it_deaf(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    [update] = await updates(sandbox)
    assert await texts(sandbox, offset=update["update_id"] + 1_000_000) == ["/start"]


async def test_long_poll_answers_at_once_when_somebody_writes(
    sandbox: RunningSandbox, anna: SandboxPerson, nursery: Nursery
) -> None:
    [update] = await updates(sandbox)
    poll = nursery.start(texts(sandbox, offset=update["update_id"] + 1, timeout=50), name="poll")
    await polling(sandbox)
    await anna.send("now")
    # Without news it would answer after fifty seconds.
    async with asyncio.timeout(40):
        assert await poll == ["now"]


async def test_long_poll_without_news_answers_empty_after_its_timeout(sandbox: RunningSandbox) -> None:
    started = asyncio.get_running_loop().time()
    assert await updates(sandbox, timeout=1) == []
    assert asyncio.get_running_loop().time() - started > 0.9


async def test_second_poller_terminates_the_first(
    sandbox: RunningSandbox, anna: SandboxPerson, nursery: Nursery
) -> None:
    [update] = await updates(sandbox)
    offset = update["update_id"] + 1
    first = nursery.start(sandbox.call("getUpdates", offset=offset, timeout=30), name="poll")
    await polling(sandbox)
    second = nursery.start(texts(sandbox, offset=offset, timeout=30), name="poll")
    answer = await first
    assert (answer["error_code"], answer["description"]) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    await anna.send("for the second")
    assert await second == ["for the second"]


async def test_pollers_that_terminate_each_other_are_slowed_down(nursery: Nursery) -> None:
    async with running_sandbox(limits=NO_LIMITS, conflict_delay=10 * PATIENCE) as sandbox:

        async def terminated() -> asyncio.Task[Any]:
            first = nursery.start(sandbox.call("getUpdates", timeout=50), name="poll")
            await polling(sandbox)
            await sandbox.call("getUpdates")
            return first

        async with asyncio.timeout(PATIENCE):
            assert (await (await terminated()))["error_code"] == 409
        answered, _ = await asyncio.wait({await terminated()}, timeout=0.3)
        assert not answered


async def test_poll_of_a_dead_bot_does_not_swallow_updates(
    sandbox: RunningSandbox, anna: SandboxPerson, nursery: Nursery
) -> None:
    [update] = await updates(sandbox)
    offset = update["update_id"] + 1
    url = f"{sandbox.base_url}/bot{TOKEN}/getUpdates"
    dying = aiohttp.ClientSession()

    async def dead_poll() -> None:
        await dying.post(url, json={"offset": offset, "timeout": 30})

    poll = nursery.start(dead_poll(), name="poll")
    await polling(sandbox)
    poll.cancel()
    await dying.close()
    queue = sandbox.world.queue(42)
    await until(lambda: not queue.polled)
    await anna.send("still here")
    assert await texts(sandbox, offset=offset) == ["still here"]
    handed = [line for line in await sandbox.calls(kind="delivery") if not line["confirmed"]]
    assert len([line for line in handed if line["update_id"] == offset]) == 1


@pytest.mark.parametrize(
    ("allowed", "kinds"),
    [
        (["message"], ["message"]),
        (["my_chat_member"], ["my_chat_member", "my_chat_member"]),
        ([], ["my_chat_member", "my_chat_member", "message"]),
    ],
)
async def test_bot_gets_the_kinds_it_allowed(
    sandbox: RunningSandbox, anna: SandboxPerson, allowed: list[str], kinds: list[str]
) -> None:
    [update] = await updates(sandbox, allowed_updates=allowed)
    await anna.block()
    await anna.unblock()
    await anna.send("hi")
    # Not named again: the previous choice holds.
    fresh = await updates(sandbox, offset=update["update_id"] + 1)
    assert [key for raw in fresh for key in raw if key != "update_id"] == kinds


async def test_deliveries_are_logged_when_handed_over_and_when_confirmed(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    [update] = await updates(sandbox)
    await updates(sandbox)
    await updates(sandbox, offset=update["update_id"] + 1)
    lines = await sandbox.calls(kind="delivery")
    assert [(line["update_id"], line["how"], line["attempt"]) for line in lines] == [
        (update["update_id"], "poll", 1),
        (update["update_id"], "poll", 2),
        (update["update_id"], "poll", 2),
    ]
    assert [line["confirmed"] is not None for line in lines] == [False, False, True]
