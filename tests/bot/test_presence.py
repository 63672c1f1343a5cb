"""Who writes to the bot is seen, and that costs nobody a moment."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.bot.test_stop import sees_words
from tests.chaos.proxy import running_proxy
from tests.chaos.stage import until_async
from tests.patience import PATIENCE
from tests.web.processes import running
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import User
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import RunningSandbox

REAL_BOT = ("-m", "vitte", "run", "bot")


@pytest.fixture(autouse=True)
def seen_interval(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Unless a test asks for another, so long that only the end of a process writes who was seen."""
    settings.bot.seen_interval = getattr(request, "param", 3600)


async def last_seen(session_factory: SessionFactory, person: SandboxPerson) -> datetime | None:
    async with session_factory() as session:
        return (
            await session.execute(select(User.last_seen_at).where(User.telegram_id == person.id))
        ).scalar_one()


@pytest.mark.usefixtures("bot")
async def test_an_update_costs_no_statement_more(anna: SandboxPerson, statements: list[str]) -> None:
    for said in ("/start", "/help", "How are you?"):
        await anna.ask(said)
    assert any("inbox_updates" in statement for statement in statements)
    assert not any("last_seen_at" in statement for statement in statements)


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("seen_interval", [0.1], indirect=True)
async def test_who_writes_or_presses_a_button_has_been_seen_while_the_bot_goes_on(
    anna: SandboxPerson, model: Script, session_factory: SessionFactory
) -> None:
    model.answer, model.between_tokens = "word " * 5000, 0.05
    events = len(anna.events)
    question = await anna.send("Tell me")
    wrote_at = datetime.fromtimestamp(question["date"], UTC)
    await sees_words(anna, after=events)

    async def is_seen() -> bool:
        return await last_seen(session_factory, anna) == wrote_at

    await until_async(is_seen, timeout=PATIENCE, what="who wrote is seen")
    await anna.stop()

    async def is_seen_again() -> bool:
        at = await last_seen(session_factory, anna)
        return at is not None and at > wrote_at

    await until_async(is_seen_again, timeout=PATIENCE, what="who pressed a button is seen")


async def test_who_wrote_a_moment_before_the_bot_was_told_to_end_has_been_seen_when_they_wrote(
    settings: Settings, sandbox: RunningSandbox, anna: SandboxPerson, session_factory: SessionFactory
) -> None:
    async with running(*REAL_BOT, settings=settings) as bot:
        await bot.logged("bot_ready")
        question = await anna.send("/help")
        await anna.wait_for_message(after=question["message_id"])
        assert await last_seen(session_factory, anna) is None
        assert await bot.stop() == 0
    assert await last_seen(session_factory, anna) == datetime.fromtimestamp(question["date"], UTC)


async def test_who_was_seen_holds_no_end_up_while_postgresql_is_silent(
    settings: Settings, sandbox: RunningSandbox, anna: SandboxPerson, session_factory: SessionFactory
) -> None:
    async with running_proxy(settings.database.port) as proxy:
        settings.database.port = proxy.port
        async with running(*REAL_BOT, settings=settings) as bot:
            await bot.logged("bot_ready")
            await anna.ask("/help")
            await bot.logged("update_handled")
            proxy.freeze()
            assert await bot.stop() == 0
            await bot.logged("presence_lost")
    assert await last_seen(session_factory, anna) is None
