"""Telegram's flood limits, on a clock that the test moves."""

from dataclasses import replace

import pytest

from vitte.sandbox.errors import BotApiError
from vitte.sandbox.limits import FloodLimiter
from vitte.sandbox.settings import SandboxLimits
from vitte.sandbox.testing import TOKEN, running_sandbox
from vitte.sandbox.timing import ManualClock

LIMITS = SandboxLimits()
BOT, CHAT, GROUP = 42, 1001, -100


def limiter(clock: ManualClock, limits: SandboxLimits = LIMITS) -> FloodLimiter:
    return FloodLimiter(limits, clock)


def retry_after(flood: FloodLimiter, chat_id: int = CHAT, *, heard_at: float | None = None) -> int | None:
    """Send a message; return the seconds to wait when it is refused."""
    try:
        flood.message(BOT, chat_id, heard_at=heard_at)
    except BotApiError as error:
        return error.retry_after
    return None


def test_chat_takes_a_small_burst_and_then_one_message_a_second(clock: ManualClock) -> None:
    flood = limiter(clock)
    assert [retry_after(flood) for _ in range(LIMITS.chat_burst)] == [None] * LIMITS.chat_burst
    for _ in range(30):
        clock.advance(1)
        assert retry_after(flood) is None
    assert retry_after(flood) == LIMITS.chat_penalty


def test_refused_chat_stays_refused_until_the_time_is_over(clock: ManualClock) -> None:
    flood = limiter(clock, replace(LIMITS, chat_penalty=5))
    while retry_after(flood) is None:
        pass
    clock.advance(2)
    assert retry_after(flood) == 3
    clock.advance(2.9)
    assert retry_after(flood) == 1
    clock.advance(0.1)
    assert retry_after(flood) is None


def test_one_chat_does_not_stop_another(clock: ManualClock) -> None:
    flood = limiter(clock)
    while retry_after(flood) is None:
        pass
    assert retry_after(flood, CHAT + 1) is None


def test_group_takes_20_messages_a_minute(clock: ManualClock) -> None:
    flood = limiter(clock)
    for _ in range(20):
        assert retry_after(flood, GROUP) is None
        clock.advance(1.5)
    assert retry_after(flood, GROUP) == 30
    clock.advance(30)
    assert retry_after(flood, GROUP) is None


def test_all_chats_together_take_30_messages_a_second(clock: ManualClock) -> None:
    flood = limiter(clock)
    assert [retry_after(flood, CHAT + chat) for chat in range(30)] == [None] * 30
    assert retry_after(flood, CHAT + 30) == 1
    clock.advance(1)
    assert [retry_after(flood, CHAT + 30 + chat) for chat in range(30)] == [None] * 30


def test_replies_do_not_count_as_a_mailing_and_have_a_ceiling_of_their_own(clock: ManualClock) -> None:
    flood = limiter(clock)
    heard_at = clock.monotonic()
    assert [retry_after(flood, CHAT + chat) for chat in range(30)] == [None] * 30
    replies = [retry_after(flood, CHAT + 100 + chat, heard_at=heard_at) for chat in range(101)]
    assert replies == [None] * 100 + [1]
    assert retry_after(flood, GROUP, heard_at=heard_at) == 1


def test_who_has_been_silent_for_a_minute_gets_mailings_and_no_replies(clock: ManualClock) -> None:
    flood = limiter(clock)
    heard_at = clock.monotonic()
    clock.advance(LIMITS.reply_window + 1)
    sent = [retry_after(flood, CHAT + chat, heard_at=heard_at) for chat in range(31)]
    assert sent == [None] * 30 + [1]


async def test_50_people_who_wrote_are_answered_at_once_and_a_mailing_to_them_is_not(
    clock: ManualClock,
) -> None:
    async with running_sandbox(clock=clock) as sandbox:
        people = [await sandbox.person(listen=False) for _ in range(50)]
        for person in people:
            await person.send("hello")
            await sandbox.result("sendMessage", chat_id=person.id, text="hello")
        clock.advance(LIMITS.reply_window + 1)
        answers = [await sandbox.call("sendMessage", chat_id=person.id, text="news") for person in people]
        assert [answer["ok"] for answer in answers] == [True] * 30 + [False] * 20


def test_drafts_have_a_limit_of_their_own(clock: ManualClock) -> None:
    flood = limiter(clock)
    for _ in range(LIMITS.draft_burst):
        flood.draft(BOT, CHAT)
    with pytest.raises(BotApiError, match="retry after 1"):
        flood.draft(BOT, CHAT)
    assert retry_after(flood) is None
    clock.advance(1)
    flood.draft(BOT, CHAT)


async def test_bot_that_floods_gets_429_with_retry_after_and_edits_count_too(clock: ManualClock) -> None:
    async with running_sandbox(clock=clock) as sandbox:
        anna = await sandbox.person(listen=False)
        await anna.send("/start")
        sent = await sandbox.result("sendMessage", chat_id=anna.id, text="1")
        await sandbox.result("sendMessage", chat_id=anna.id, text="2")
        edit = {"chat_id": anna.id, "message_id": sent["message_id"]}
        await sandbox.result("editMessageText", **edit, text="1a")
        params = {**edit, "text": "1b"}
        async with sandbox.session.post(
            f"{sandbox.base_url}/bot{TOKEN}/editMessageText", json=params
        ) as answer:
            assert answer.status == 429
            assert answer.headers["Retry-After"] == "2"
            assert await answer.json() == {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 2",
                "parameters": {"retry_after": 2},
            }
        assert (await anna.chat())["messages"][1]["text"] == "1a"
        clock.advance(2)
        await sandbox.result("editMessageText", **params)


async def test_typing_and_callback_answers_do_not_count(clock: ManualClock) -> None:
    async with running_sandbox(clock=clock) as sandbox:
        anna = await sandbox.person(listen=False)
        await anna.send("/start")
        for _ in range(20):
            await sandbox.result("sendChatAction", chat_id=anna.id, action="typing")
        await sandbox.result("sendMessage", chat_id=anna.id, text="still fine")


async def test_refused_markup_does_not_count(clock: ManualClock) -> None:
    async with running_sandbox(clock=clock) as sandbox:
        anna = await sandbox.person(listen=False)
        await anna.send("/start")
        for _ in range(20):
            await sandbox.call("sendMessage", chat_id=anna.id, text="<b>", parse_mode="HTML")
        await sandbox.result("sendMessage", chat_id=anna.id, text="still fine")
