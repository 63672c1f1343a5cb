"""Ledgers of several processes, with a clock that the test sets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text, update

from vitte.core.settings import Settings
from vitte.core.settings.usage import UsageSettings
from vitte.db.engine import SessionFactory, create_engine, create_session_factory
from vitte.db.models import PlanLimits, Subscription, User
from vitte.usage.ledger import UsageLedger
from vitte.usage.schemas import CallRequest
from vitte.usage.sweeper import UsageSweeper

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
PRICE = Decimal(2)
"""US dollars per million tokens: two micro-dollars a token."""


@dataclass
class SetClock:
    """Shows the time that it is set to."""

    time: datetime = NOON

    def now(self) -> datetime:
        """Return it."""
        return self.time


@dataclass
class Process:
    """A process of the product, as far as it spends."""

    session_factory: SessionFactory
    clock: SetClock = field(default_factory=SetClock)
    settings: UsageSettings = field(default_factory=UsageSettings)

    def __post_init__(self) -> None:
        """Make its parts."""
        self.ledger = UsageLedger(self.session_factory, self.clock, self.settings)
        self.sweeper = UsageSweeper(self.session_factory, self.clock, self.settings)


MakeProcess = Callable[..., Process]
MakePeople = Callable[..., Awaitable[list[int]]]
Sums = Callable[[], Awaitable[dict[tuple[int | None, date], dict[str, int]]]]


@pytest.fixture
async def make_process(settings: Settings) -> AsyncIterator[MakeProcess]:
    """Make a process with a pool of its own."""
    engines = []

    def make(**parts: Any) -> Process:
        engines.append(create_engine(settings.database, process="bot"))
        return Process(create_session_factory(engines[-1]), **parts)

    yield make
    for engine in engines:
        await engine.dispose()


@pytest.fixture
def process(make_process: MakeProcess) -> Process:
    """One of them."""
    return make_process()


@pytest.fixture
def ledger(process: Process) -> UsageLedger:
    """Its ledger."""
    return process.ledger


@pytest.fixture
def make_people(session_factory: SessionFactory) -> MakePeople:
    """Make people with the plan "free", which has the limits that are given and no other."""
    unlimited: dict[str, Any] = dict.fromkeys(("messages_per_day", "tokens_per_month", "cost_per_day"))

    async def make(count: int = 1, **limits: Any) -> list[int]:
        async with session_factory() as session:
            await session.execute(update(PlanLimits).values(unlimited | limits))
            people = [User(telegram_id=1000 + number, first_name="A") for number in range(count)]
            session.add_all(people)
            await session.flush()
            session.add_all(Subscription(user_id=one.id, plan="free", status="active") for one in people)
            await session.commit()
            return [one.id for one in people]

    return make


@pytest.fixture
def sums(session_factory: SessionFactory) -> Sums:
    """Read the sums of everybody's days, those of the bot by None, without any that are all 0."""
    names = ("messages", "tokens", "cost", "reserved_tokens", "reserved_cost")

    async def read() -> dict[tuple[int | None, date], dict[str, int]]:
        async with session_factory() as session:
            rows = await session.execute(
                text("TABLE usage_days UNION ALL SELECT NULL, bot_days.* FROM bot_days")
            )
            return {
                (row.user_id, row.day): {name: getattr(row, name) for name in names}
                for row in rows
                if any(getattr(row, name) for name in names)
            }

    return read


def request(user_id: int, *, tokens: int = 100, **options: Any) -> CallRequest:
    """Return a request for an answer."""
    given: dict[str, Any] = {
        "plan": "free",
        "kind": "chat",
        "model": "scripted",
        "cost": 2 * tokens,
        "counts_as_message": True,
        "price_in": PRICE,
        "price_out": PRICE,
    }
    return CallRequest(user_id=user_id, tokens=tokens, **given | options)
