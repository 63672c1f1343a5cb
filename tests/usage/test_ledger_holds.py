"""Whatever happens in whatever order: no limit is exceeded, and the sums are those of the calls."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.usage.conftest import NOON, Process, SetClock, request
from vitte.core.settings import Settings
from vitte.core.settings.usage import UsageSettings
from vitte.db.engine import create_engine, create_session_factory
from vitte.db.models import PlanLimits
from vitte.usage.costs import MICRO
from vitte.usage.errors import LimitReachedError
from vitte.usage.ledger import settlement_of
from vitte.usage.schemas import Reservation

_MESSAGES, _TOKENS, _COST = {1: 4, 4: 6}, {2: 600, 4: 1200}, {3: 900, 4: 1400}
"""Limits of people, by their ids: of messages a day, tokens a month and micro-dollars a day."""
_PEOPLE = range(1, 5)
_BUDGET = 3000
"""Of the bot, micro-dollars a day."""
_TTL = timedelta(hours=2)
_ENDINGS = ("complete", "stopped", "llm_interrupted", "nothing", "killed", "twice", "from two processes")
# The last days of a month: what is used moves into days, and into a month, that begin anew.
_BEGIN = NOON.replace(day=28, hour=20)

_PREPARE = (
    "DELETE FROM users",
    "DELETE FROM plans",
    "DELETE FROM bot_days",
    "ALTER SEQUENCE users_id_seq RESTART",
    "INSERT INTO users (telegram_id, first_name) SELECT i, 'A' FROM generate_series(1, 4) i",
    "INSERT INTO subscriptions (user_id, plan, status) SELECT id, id, 'active' FROM users",
)
# What the sums have to be, from the calls themselves; messages are in none of them.
_FROM_CALLS = """
    SELECT
        user_id, day,
        COALESCE(sum(prompt_tokens + completion_tokens), 0) AS tokens, COALESCE(sum(cost), 0) AS cost,
        COALESCE(sum(reserved_tokens) FILTER (WHERE state = 'reserved'), 0) AS reserved_tokens,
        COALESCE(sum(reserved_cost) FILTER (WHERE state = 'reserved'), 0) AS reserved_cost
    FROM usage_calls
    GROUP BY GROUPING SETS ((user_id, day), (day))
"""
_KEPT = """
    SELECT user_id, day, messages, tokens, cost, reserved_tokens, reserved_cost FROM usage_days
    UNION ALL
    SELECT NULL, day, messages, tokens, cost, reserved_tokens, reserved_cost FROM bot_days
"""
_SUMS = ("tokens", "cost", "reserved_tokens", "reserved_cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a call shall ask for, and what shall become of it."""

    user_id: int
    process: int
    tokens: int
    share: int
    """Of what is reserved it takes so much, in percent."""
    is_message: bool
    ending: str
    pauses: int
    """How often others have their turn before it ends."""


CALLS = st.builds(
    Call,
    user_id=st.sampled_from(_PEOPLE),
    process=st.integers(0, 1),
    tokens=st.integers(1, 500),
    share=st.integers(0, 100),
    is_message=st.booleans(),
    ending=st.sampled_from(_ENDINGS),
    pauses=st.integers(0, 3),
)


class Ledger(RuleBasedStateMachine):
    """Two processes and their sweepers on the real tables, and what has to be true of them at any time."""

    runner: asyncio.Runner
    engines: Sequence[AsyncEngine]
    """Made once for all examples: a connection takes longer than most of them."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SetClock(_BEGIN)
        self.messages: Counter[tuple[int | None, date]] = Counter()
        """What the tables' own have to be."""
        self.killed: list[tuple[Process, Reservation]] = []
        spending = UsageSettings(daily_budget=_BUDGET / 1_000_000, reservation_ttl=int(_TTL.total_seconds()))
        self.processes = [
            Process(create_session_factory(engine), clock=self.clock, settings=spending)
            for engine in self.engines
        ]
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        async with self.engines[0].begin() as connection:
            for statement in _PREPARE:
                await connection.execute(text(statement))
            for user_id in _PEOPLE:
                limits = {
                    "messages_per_day": _MESSAGES.get(user_id),
                    "tokens_per_month": _TOKENS.get(user_id),
                    "cost_per_day": Decimal(_COST[user_id]) / MICRO if user_id in _COST else None,
                }
                plan = insert(PlanLimits).values(key=str(user_id), name_en="A", name_ru="A", **limits)
                await connection.execute(plan)

    @rule(together=st.lists(CALLS, min_size=1, max_size=8), sweeps=st.booleans())
    def call(self, together: Sequence[Call], *, sweeps: bool) -> None:
        """Make calls, all at once."""
        self.runner.run(self._call(together, sweeps=sweeps))

    @rule(minutes=st.sampled_from([1, 239, 240, 60 * 24]))
    def pass_time(self, minutes: int) -> None:
        """Let time pass: to the last minute of a day, past it, to the next day."""
        self.clock.time += timedelta(minutes=minutes)

    @rule()
    def come_back(self) -> None:
        """Let the calls that were taken for killed settle after all, swept or not."""
        self.runner.run(self._come_back())

    @invariant()
    def sums_are_those_of_the_calls(self) -> None:
        """Compare them, and with the limits."""
        self.runner.run(self._check())

    def teardown(self) -> None:
        """Close all that is open: then nothing is reserved."""
        self.clock.time += _TTL + timedelta(minutes=1)
        self.runner.run(self._sweep())
        assert self.runner.run(self._check()) == 0

    async def _call(self, together: Sequence[Call], *, sweeps: bool) -> None:
        work = [self._live(one) for one in together]
        if sweeps:
            work.append(self._sweep())
        await asyncio.gather(*work)

    async def _sweep(self) -> None:
        await asyncio.gather(*(process.sweeper.expire() for process in self.processes))

    async def _live(self, call: Call) -> None:
        process, day = self.processes[call.process], self.clock.time.date()
        asked = request(call.user_id, tokens=call.tokens, counts_as_message=call.is_message)
        try:
            reservation = await process.ledger.reserve(asked)
        except LimitReachedError:
            return
        for whose in (call.user_id, None):
            self.messages[whose, day] += call.is_message
        for _ in range(call.pauses):
            await asyncio.sleep(0)
        await self._finish(process, reservation, call, day)

    async def _finish(self, process: Process, reservation: Reservation, call: Call, day: date) -> None:
        if call.ending == "killed":
            self.killed.append((process, reservation))
            return
        prompt = call.tokens * call.share // 200
        used: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": call.tokens * call.share // 100 - prompt,
            "is_estimated": call.ending != "complete",
            "outcome": call.ending,
        }
        if call.ending == "nothing":
            used |= {"prompt_tokens": 0, "completion_tokens": 0, "refund_message": True}
            for whose in (call.user_id, None):
                self.messages[whose, day] -= call.is_message
        also = {"twice": [process], "from two processes": self.processes}.get(call.ending, [])
        settled = await asyncio.gather(
            *(each.ledger.settle(settlement_of(reservation, **used)) for each in (process, *also))
        )
        assert sum(settled) == 1

    async def _come_back(self) -> None:
        killed, self.killed = self.killed, []
        await asyncio.gather(
            *(
                process.ledger.settle(
                    settlement_of(
                        reservation, prompt_tokens=0, completion_tokens=1, is_estimated=True, outcome="late"
                    )
                )
                for process, reservation in killed
            )
        )

    async def _check(self) -> int:
        """Compare what is kept with the calls and the limits, and return how many tokens are reserved."""
        async with self.engines[0].connect() as connection:
            kept = (await connection.execute(text(_KEPT))).all()
            from_calls = (await connection.execute(text(_FROM_CALLS))).all()
        have = {
            (one.user_id, one.day): {name: getattr(one, name) for name in _SUMS}
            for one in kept
            if one.messages or any(getattr(one, name) for name in _SUMS)
        }
        want = {
            (one.user_id, one.day): {name: int(getattr(one, name)) for name in _SUMS} for one in from_calls
        }
        nothing = dict.fromkeys(_SUMS, 0)
        for key in have.keys() | want.keys():
            assert have.get(key, nothing) == want.get(key, nothing), key
        months: Counter[tuple[int, int]] = Counter()
        for one in kept:
            assert one.messages == self.messages[one.user_id, one.day]
            cost = one.cost + one.reserved_cost
            if one.user_id is None:
                assert cost <= _BUDGET
            else:
                assert one.messages <= _MESSAGES.get(one.user_id, one.messages)
                assert cost <= _COST.get(one.user_id, cost)
                months[one.user_id, one.day.month] += one.tokens + one.reserved_tokens
        for (user_id, _), tokens in months.items():
            assert tokens <= _TOKENS.get(user_id, tokens)
        return sum(one.reserved_tokens for one in kept if one.user_id is None)


def test_no_order_of_events_breaks_a_limit_or_a_sum(settings: Settings) -> None:
    async def close() -> None:
        for engine in Ledger.engines:
            await engine.dispose()

    with asyncio.Runner() as runner:
        Ledger.runner = runner
        Ledger.engines = [create_engine(settings.database, process="bot") for _ in range(2)]
        try:
            run_state_machine_as_test(
                Ledger,
                settings=hypothesis_settings(
                    max_examples=30,
                    stateful_step_count=12,
                    derandomize=True,
                    database=None,
                    # Shrinking would take minutes: who comes first is PostgreSQL's affair each time.
                    phases=[Phase.generate],
                ),
            )
        finally:
            runner.run(close())
