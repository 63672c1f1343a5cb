import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.dispatcher.event.bases import UNHANDLED, SkipHandler
from aiogram.filters import Command, CommandStart
from aiogram.filters.command import CommandObject
from aiogram.types import Message, TelegramObject, Update, User
from dishka import AsyncContainer, Provider, Scope, make_async_container, provide
from dishka.integrations.aiogram import FromDishka, setup_dishka

from vitte.bot.middlewares.person import Handler
from vitte.bot.routing import LaidOutDispatcher

SAID = [
    "/start",
    "/start now",
    "/START",
    "/stop@it",
    "/Stop",
    "!stop",
    "/report7",
    "/nothing",
    "start",
    "two",
    " /start",
    "/",
]


class Opened:
    """Something that lasts as long as its update."""


class UpdateProvider(Provider):
    """Counts what was opened and closed for updates."""

    scope = Scope.REQUEST

    def __init__(self) -> None:
        super().__init__()
        self.opened, self.closed = 0, 0

    @provide
    async def something(self) -> AsyncIterator[Opened]:
        self.opened += 1
        yield Opened()
        self.closed += 1


@pytest.fixture
def provider() -> UpdateProvider:
    return UpdateProvider()


@pytest.fixture
async def container(provider: UpdateProvider) -> AsyncIterator[AsyncContainer]:
    container = make_async_container(provider)
    yield container
    await container.close()


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = Bot("42:TEST")
    bot._me = User(id=42, is_bot=True, first_name="It", username="it")
    yield bot
    await bot.session.close()


def said(bot: Bot, text: str, *, of: str = "text") -> Update:
    who = {"id": 7, "first_name": "Anna"}
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {**who, "type": "private"},
        "from": {**who, "is_bot": False},
        of: text,
    }
    return Update.model_validate({"update_id": 1, "message": message}, context={"bot": bot})


async def start(_: Message, command: CommandObject) -> str:
    return f"start {command.args}"


async def stop(_: Message, command: CommandObject, event_from_user: User) -> str:
    return f"stop {command.mention} {event_from_user.id}"


async def pass_on(_: Message) -> None:
    raise SkipHandler


async def report(_: Message, command: CommandObject) -> str:
    assert command.regexp_match is not None
    return f"report {command.regexp_match[1]}"


async def number(message: Message, event_router: Router) -> str:
    return f"{message.text} in {event_router.name}"


async def anything(_: TelegramObject, **data: Any) -> str:
    return "anything " + " ".join(sorted({"bot", "event_update", "event_chat", "dispatcher"} & data.keys()))


class Quoting:
    """Puts what a handler returns into quotation marks."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        return f"'{await handler(event, data)}'"


def fill(dispatcher: Dispatcher) -> Dispatcher:
    """Give a dispatcher one of each that handlers are made of."""
    commands, numbers, rest = Router(name="commands"), Router(name="numbers"), Router(name="rest")
    commands.message.register(pass_on, CommandStart())
    commands.message.register(start, CommandStart())
    commands.message.register(stop, Command("stop", prefix="/!", ignore_case=True))
    commands.message.register(report, Command(re.compile(r"report(\d)")))
    numbers.message.register(number, F.text.in_({"one", "two"}))
    rest.message.register(anything, F.text != "/nothing")
    commands.include_router(numbers)
    commands.message.middleware(Quoting())
    dispatcher.message.outer_middleware(Quoting())
    dispatcher.include_routers(commands, rest)
    return dispatcher


@pytest.mark.parametrize("text", SAID)
@pytest.mark.parametrize("of", ["text", "caption"])
async def test_a_message_goes_where_aiogram_itself_would_lead_it(
    text: str, of: str, bot: Bot, container: AsyncContainer
) -> None:
    theirs, ours = Dispatcher(disable_fsm=True), LaidOutDispatcher(container)
    setup_dishka(container, theirs)
    answers = [
        await fill(dispatcher).feed_update(bot, said(bot, text, of=of)) for dispatcher in (theirs, ours)
    ]
    assert answers[0] == answers[1]


async def test_a_command_meant_for_another_bot_is_left_alone(bot: Bot, container: AsyncContainer) -> None:
    dispatcher = LaidOutDispatcher(container)
    dispatcher.message.register(stop, Command("stop"))
    assert await dispatcher.feed_update(bot, said(bot, "/stop@other")) is UNHANDLED
    assert await dispatcher.feed_update(bot, said(bot, "/stop@it")) == "stop it 7"


async def test_what_middleware_and_handler_get_is_the_same_and_closed_after_the_update(
    bot: Bot, container: AsyncContainer, provider: UpdateProvider
) -> None:
    seen = []

    class Looking:
        async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
            seen.append(await data["dishka_container"].get(Opened))
            return await handler(event, data)

    async def look(_: Message, something: FromDishka[Opened]) -> None:
        seen.append(something)
        assert (provider.opened, provider.closed) == (len(seen) // 2, len(seen) // 2 - 1)

    dispatcher = LaidOutDispatcher(container)
    dispatcher.message.outer_middleware(Looking())
    dispatcher.message.register(look)
    await dispatcher.emit_startup(bot=bot)
    for _ in range(2):
        await dispatcher.feed_update(bot, said(bot, "Hello"))
    assert seen[0] is seen[1] is not seen[2] is seen[3]
    assert (provider.opened, provider.closed) == (2, 2)


async def test_an_update_that_no_handler_is_for_ends_as_such(bot: Bot, container: AsyncContainer) -> None:
    poll = {"id": "1", "user": {"id": 7, "is_bot": False, "first_name": "Anna"}, "option_ids": []}
    dispatcher = fill(LaidOutDispatcher(container))
    unknown = Update.model_validate({"update_id": 1, "brand_new": {}}, context={"bot": bot})
    for update in (Update.model_validate({"update_id": 1, "message_reaction": None}), unknown):
        assert await dispatcher.feed_update(bot, update) is UNHANDLED
    asked = {"update_id": 1, "poll_answer": {"poll_id": "1", "option_persistent_ids": [], **poll}}
    assert await dispatcher.feed_update(bot, Update.model_validate(asked)) is UNHANDLED


async def test_what_cannot_be_laid_out_is_refused_at_the_start_and_not_passed_over(
    bot: Bot, container: AsyncContainer
) -> None:
    filtered, wrapped, caught = (LaidOutDispatcher(container) for _ in range(3))
    for dispatcher in (filtered, wrapped):
        dispatcher.include_router(Router(name="below"))
    filtered.sub_routers[0].message.filter(F.text)
    wrapped.sub_routers[0].message.outer_middleware(Quoting())
    caught.errors.register(anything)
    for dispatcher in (filtered, wrapped, caught):
        with pytest.raises(NotImplementedError):
            await dispatcher.emit_startup(bot=bot)
