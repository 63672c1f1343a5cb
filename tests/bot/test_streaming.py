"""An answer grows in the chat, in whatever way the chat has for it, and is there in the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramServerError
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from tests.patience import PATIENCE
from vitte.assistant.tools.schemas import ToolNote
from vitte.bot.formatting import Piece
from vitte.bot.streaming import TelegramReply
from vitte.bot.texts import texts_for
from vitte.clients.line import Line
from vitte.clients.llm.protocol import LlmInterruptedError
from vitte.clients.redis import connect_redis
from vitte.clients.telegram import create_bot
from vitte.clients.telegram.gateway import Gateway
from vitte.clients.telegram.limits import Limits
from vitte.core.errors import VitteError
from vitte.core.settings import Settings
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

GROUP_ID = -1001
GROUP = {"id": GROUP_ID, "type": "supergroup", "title": "Friends"}
Json = dict[str, Any]


@pytest.fixture
async def client(settings: Settings, sandbox: RunningSandbox) -> AsyncIterator[Bot]:
    async def note(chat_id: int) -> None:
        """Nobody is to know."""

    if not sandbox.sandbox.settings.limits.enabled:
        settings.outbound.group_per_minute = 60_000
    redis = connect_redis(settings.redis, timeout=PATIENCE)
    bot = create_bot(
        settings.telegram, Gateway(Limits(Line(redis), settings.outbound), settings.outbound, on_blocked=note)
    )
    yield bot
    await bot.session.close()
    await redis.aclose()


@pytest.fixture
async def asked(anna: SandboxPerson) -> Json:
    return await anna.send("question")


@pytest.fixture
def reply(client: Bot, anna: SandboxPerson, asked: Json) -> Callable[..., TelegramReply]:
    def make(**options: Any) -> TelegramReply:
        defaults = {"chat_id": anna.id, "draft_id": 7, "draft_interval": 0.01, "texts": texts_for("en")}
        return TelegramReply(client, **{**defaults, **options})

    return make


async def in_chat(sandbox: RunningSandbox, *, count: int = 1) -> list[Json]:
    """Return what the bot wrote to the group, once it has written that much."""
    chat = sandbox.world.chat(42, GROUP_ID)
    assert chat is not None
    async with asyncio.timeout(PATIENCE):
        while len(chat.messages) < count:  # noqa: ASYNC110 - a sandbox tells nobody of groups
            await asyncio.sleep(0.01)
    return [sandbox.world.telegram_message(message) for message in chat.messages.values()]


async def has_text(sandbox: RunningSandbox, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await in_chat(sandbox))[0]["text"] != text:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


def bold(offset: int, length: int) -> Json:
    return {"type": "bold", "offset": offset, "length": length}


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_markdown_is_never_seen_neither_while_it_grows_nor_in_the_end(
    anna: SandboxPerson, reply: Callable[..., TelegramReply]
) -> None:
    async with reply() as answer:
        answer.draft("**Hel")
        draft = (await anna.wait_for_event(lambda event: bool(event.get("draft"))))["draft"]
        assert (draft["text"], draft["entities"], draft["can_stop"]) == ("Hel", [bold(0, 3)], True)
        await answer.send("**Hello** there", cut_by=None)
    message = await anna.wait_for_message("Hello there")
    assert message["entities"] == [bold(0, 5)]


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_what_the_bot_is_doing_is_seen_until_the_answer_goes_on(
    anna: SandboxPerson, reply: Callable[..., TelegramReply]
) -> None:
    async def sees(text: str) -> None:
        await anna.wait_for_event(lambda event: (event.get("draft") or {}).get("text") == text)

    async with reply() as answer:
        answer.status(ToolNote("tool-web-search", {"what": "x"}))
        await sees("🔎 Searching the web: x")
        answer.draft("Found")
        await sees("Found")
        answer.status(ToolNote("tool-web-search", {"what": "More"}))
        await sees("Found\n\n🔎 Searching the web: More")
        answer.draft("Found it")
        await sees("Found it")


async def test_a_draft_shows_what_came_in_last_and_the_last_words_also_when_nothing_follows(
    reply: Callable[..., TelegramReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Held:
        """A way to show an answer that takes until it is let go."""

        outcome = "shown"

        def __init__(self) -> None:
            self.shown: list[str] = []
            self.let_go = asyncio.Event()

        async def show(self, piece: Piece) -> None:
            self.shown.append(piece.text)
            await self.let_go.wait()

    async def until_shown(text: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while text not in preview.shown:  # noqa: ASYNC110 - nothing of it leaves this process
                await asyncio.sleep(0)

    preview = Held()
    monkeypatch.setattr("vitte.bot.streaming._NEXT_WORDS_WITHIN", PATIENCE)
    answer = reply(draft_interval=0)
    answer._draft = preview  # type: ignore[assignment]
    async with answer:
        answer.draft("One")
        await until_shown("One")
        answer.draft("One two")
        preview.let_go.set()
        for _ in range(100):
            await asyncio.sleep(0)
        # Its time has come: it waits for what is said next.
        assert preview.shown == ["One"]
        answer.draft("One two three")
        await until_shown("One two three")
        monkeypatch.setattr("vitte.bot.streaming._NEXT_WORDS_WITHIN", 0)
        answer.draft("One two three four")
        await until_shown("One two three four")
    assert preview.shown == ["One", "One two three", "One two three four"]


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_when_drafts_fail_the_answer_grows_in_a_message(
    sandbox: RunningSandbox, anna: SandboxPerson, asked: Json, reply: Callable[..., TelegramReply]
) -> None:
    await sandbox.add_fault("500", method="sendMessageDraft")
    async with reply() as answer:
        answer.draft("*Once*")
        first = await anna.wait_for_message("Once")
        answer.draft("*Once* upon")
        await anna.wait_for_event("message_edited")
        last = await answer.send("*Once* upon a time " + "x" * 5000, cut_by=None)
    assert len(await sandbox.calls(method="sendMessageDraft")) == 3
    written = [message for message in anna.messages.values() if message["from_bot"]]
    assert [message["message_id"] for message in written] == [first["message_id"], last]
    assert written[0]["text"].startswith("Once upon a time")
    assert "".join(message["text"] for message in written).count("x") == 5000


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_in_a_group_the_answer_grows_below_its_question_and_ends_with_its_buttons(
    sandbox: RunningSandbox, client: Bot, reply: Callable[..., TelegramReply]
) -> None:
    await sandbox.inject([{"message": {"chat": GROUP, "message_id": 5}}])
    buttons = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go on", callback_data="go")]])
    told: list[VitteError | None] = []

    def keyboard(cut_by: VitteError | None) -> InlineKeyboardMarkup:
        told.append(cut_by)
        return buttons

    cut = LlmInterruptedError("x")
    options: Json = {
        "with_drafts": False,
        "reply_to_message_id": 5,
        "message_thread_id": 3,
        "keyboard": keyboard,
    }
    async with reply(chat_id=GROUP_ID, **options) as answer:
        answer.draft("One")
        await has_text(sandbox, "One")
        answer.draft("One two")
        await has_text(sandbox, "One two")
        await answer.send("One two", cut_by=cut)
    (message,) = await in_chat(sandbox)
    assert message["text"].startswith("One two\n\n⚠️")
    assert message["reply_markup"]["inline_keyboard"][0][0]["text"] == "Go on"
    assert told == [cut]
    (sent,) = await sandbox.calls(method="sendMessage")
    assert sent["params"]["message_thread_id"] == 3
    assert sent["params"]["reply_parameters"]["message_id"] == 5
    assert await sandbox.calls(method="sendMessageDraft") == []


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_buttons_stand_under_the_last_of_several_messages(
    anna: SandboxPerson, reply: Callable[..., TelegramReply]
) -> None:
    buttons = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go on", callback_data="go")]])
    async with reply(keyboard=lambda _: buttons) as answer:
        last = await answer.send("word " * 2000, cut_by=None)
    await anna.wait_for_message(lambda message: message["message_id"] == last)
    written = [message for message in anna.messages.values() if message["from_bot"]]
    assert [bool(message.get("reply_markup")) for message in written] == [False, False, True]


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_an_answer_that_is_shown_already_needs_no_change_and_a_deleted_one_is_sent_anew(
    sandbox: RunningSandbox, client: Bot, reply: Callable[..., TelegramReply]
) -> None:
    await sandbox.inject([{"message": {"chat": GROUP, "message_id": 5}}])
    async with reply(chat_id=GROUP_ID, with_drafts=False) as answer:
        answer.draft("All of it")
        (shown,) = await in_chat(sandbox)
        assert await answer.send("All of it", cut_by=None) == shown["message_id"]
    async with reply(chat_id=GROUP_ID, with_drafts=False) as answer:
        answer.draft("More")
        shown = (await in_chat(sandbox, count=2))[1]
        await client.delete_message(GROUP_ID, shown["message_id"])
        again = await answer.send("More of it", cut_by=None)
    assert [message["text"] for message in await in_chat(sandbox, count=2)] == ["All of it", "More of it"]
    assert again != shown["message_id"]


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_a_message_that_only_said_what_was_done_goes_when_there_is_no_answer(
    sandbox: RunningSandbox, reply: Callable[..., TelegramReply]
) -> None:
    await sandbox.inject([{"message": {"chat": GROUP, "message_id": 5}}])

    async def fail_after_a_search() -> None:
        async with reply(chat_id=GROUP_ID, with_drafts=False) as answer:
            answer.status(ToolNote("tool-web-search", {"what": "x"}))
            await in_chat(sandbox)
            raise LlmInterruptedError("x")

    with pytest.raises(LlmInterruptedError):
        await fail_after_a_search()
    assert await in_chat(sandbox, count=0) == []


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_a_first_message_that_may_have_come_is_not_sent_again_before_the_end(
    sandbox: RunningSandbox, anna: SandboxPerson, asked: Json, reply: Callable[..., TelegramReply]
) -> None:
    await sandbox.add_fault("500", method="sendMessage", times=1)
    async with reply(with_drafts=False) as answer:
        answer.draft("One")
        await sandbox.wait_for_calls("sendMessage", count=1)
        answer.draft("One two")
        await answer.send("One two three", cut_by=None)
    await anna.wait_for_message("One two three")
    assert len(await sandbox.calls(method="sendMessage")) == 2
    assert await sandbox.calls(method="editMessageText") == []


async def test_previews_in_a_group_leave_room_for_the_answer(
    sandbox: RunningSandbox, reply: Callable[..., TelegramReply]
) -> None:
    await sandbox.inject([{"message": {"chat": GROUP, "message_id": 5}}])
    async with reply(chat_id=GROUP_ID, with_drafts=False) as answer:
        for number in range(60):
            answer.draft(f"word {number}")
            await asyncio.sleep(0.01)
        await answer.send("The end", cut_by=None)
    calls = [call for call in await sandbox.calls() if call["method"] in ("sendMessage", "editMessageText")]
    assert all(call["status"] == 200 for call in calls)
    # However long it grows: with twenty a minute for all, one every three seconds is what is left for it.
    *previews, _ = [call["ts"] for call in calls]
    assert all(later - earlier > 3 for earlier, later in pairwise(previews))
    assert (await in_chat(sandbox))[0]["text"] == "The end"


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_formatting_that_telegram_refuses_costs_nobody_the_answer(
    sandbox: RunningSandbox,
    anna: SandboxPerson,
    reply: Callable[..., TelegramReply],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Any address: so one that Telegram finds wrong gets to it.
    monkeypatch.setattr("vitte.bot.formatting.render.allowed_link", lambda url: url)
    async with reply() as answer:
        await answer.send("See [this](nonsense:1) **please**", cut_by=None)
    message = await anna.wait_for_message("See this please")
    assert message["entities"] == []
    assert [call["status"] for call in await sandbox.calls(method="sendMessage")] == [400, 200]


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_what_is_wrong_with_anything_else_is_not_tried_again_as_plain_text(
    sandbox: RunningSandbox,
    anna: SandboxPerson,
    asked: Json,
    reply: Callable[..., TelegramReply],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vitte.clients.telegram.gateway._FIRST_BACKOFF", 0.001)
    await sandbox.add_fault("500", method="sendMessage")
    async with reply() as answer:
        with pytest.raises(TelegramServerError):
            await answer.send("**bold**", cut_by=None)
    assert len(await sandbox.calls(method="sendMessage")) == 6
