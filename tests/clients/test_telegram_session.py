"""How a call travels to Telegram, and what comes back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiohttp import web

from vitte.clients.telegram.session import JsonSession

MESSAGE = {"message_id": 7, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "hello"}


class Telegram:
    """Says what it is told to say, and keeps what it heard."""

    def __init__(self) -> None:
        self.answer: tuple[int, Any] = (200, {"ok": True, "result": MESSAGE})
        self.heard: list[Any] = []
        self.content_types: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.content_types.append(request.content_type)
        if request.content_type == "application/json":
            self.heard.append(await request.json())
        else:
            self.heard.append(dict(await request.post()))
        status, body = self.answer
        if isinstance(body, str):
            return web.Response(status=status, text=body)
        return web.json_response(body, status=status)


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture
async def bot(telegram: Telegram) -> AsyncIterator[Bot]:
    application = web.Application()
    application.router.add_post("/bot42:TEST/{method}", telegram.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    session = JsonSession(api=TelegramAPIServer.from_base(f"http://127.0.0.1:{port}"))
    bot = Bot("42:TEST", session=session, default=DefaultBotProperties(parse_mode="HTML"))
    yield bot
    await session.close()
    await runner.cleanup()


async def test_a_message_arrives_with_its_buttons_and_defaults_and_without_what_was_not_said(
    bot: Bot, telegram: Telegram
) -> None:
    button = InlineKeyboardButton(text="Stop", callback_data="stop")
    sent = await bot.send_message(
        5,
        "<b>hello</b>",
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
        protect_content=False,
    )
    assert isinstance(sent, Message)
    assert (sent.message_id, sent.chat.id, sent.bot) == (7, 5, bot)
    assert telegram.content_types == ["application/json"]
    assert telegram.heard == [
        {
            "chat_id": 5,
            "text": "<b>hello</b>",
            "parse_mode": "HTML",
            "protect_content": False,
            "reply_markup": {"inline_keyboard": [[{"text": "Stop", "callback_data": "stop"}]]},
        }
    ]


async def test_times_are_sent_as_telegram_wants_them(bot: Bot, telegram: Telegram) -> None:
    telegram.answer = (200, {"ok": True, "result": True})
    assert await bot.restrict_chat_member(-5, 6, permissions={}, until_date=timedelta(days=1)) is True  # type: ignore[arg-type]
    assert int(telegram.heard[0]["until_date"]) > 1_700_000_000


async def test_a_file_is_sent_as_a_form(bot: Bot, telegram: Telegram) -> None:
    await bot.send_photo(5, BufferedInputFile(b"picture", "a.png"))
    assert telegram.content_types == ["multipart/form-data"]
    assert telegram.heard[0]["chat_id"] == "5"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"},
            TelegramBadRequest,
        ),
        (
            403,
            {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked"},
            TelegramForbiddenError,
        ),
        (
            429,
            {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 3",
                "parameters": {"retry_after": 3},
            },
            TelegramRetryAfter,
        ),
        (502, {"ok": False, "error_code": 502, "description": "Bad Gateway"}, TelegramServerError),
        (502, "<html>Bad Gateway</html>", ClientDecodeError),
        (200, {"ok": True, "result": {"message_id": "no number"}}, ClientDecodeError),
        (200, {"ok": True}, ClientDecodeError),
        (200, "[]", ClientDecodeError),
        (200, "", ClientDecodeError),
    ],
)
async def test_whatever_telegram_refuses_or_garbles_is_told_apart(
    bot: Bot, telegram: Telegram, status: int, body: Any, kind: type[Exception]
) -> None:
    telegram.answer = (status, body)
    with pytest.raises(kind) as caught:
        await bot.send_message(5, "hello")
    assert type(caught.value) is kind
    if isinstance(caught.value, TelegramRetryAfter):
        assert caught.value.retry_after == 3


async def test_a_telegram_that_is_away_is_one_that_may_be_tried_again() -> None:
    session = JsonSession(api=TelegramAPIServer.from_base("http://127.0.0.1:9"))
    bot = Bot("42:TEST", session=session)
    with pytest.raises(TelegramNetworkError):
        await bot.get_me()
    await session.close()
