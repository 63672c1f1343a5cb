"""Transactions: what is kept, what is undone, and who is told."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from vitte.db.engine import SessionFactory
from vitte.db.models import User
from vitte.db.outages import is_away
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction


def person(number: int) -> User:
    return User(telegram_id=number, first_name="A")


async def count(transaction: Transaction) -> int:
    async with transaction:
        return await transaction.session.scalar(select(func.count()).select_from(User)) or 0


async def test_what_was_done_is_kept_and_announced_after_the_commit(
    transaction: Transaction, session_factory: SessionFactory
) -> None:
    seen_by_others = []

    async def announce() -> None:
        seen_by_others.append(await count(Transaction(session_factory)))

    async with transaction:
        transaction.session.add(person(1))
        transaction.on_commit(announce)
        assert seen_by_others == []
    assert seen_by_others == [1]


async def test_an_error_undoes_everything_and_announces_nothing(transaction: Transaction) -> None:
    announced = []

    async def announce() -> None:
        announced.append(True)

    async def fail() -> None:
        async with transaction:
            transaction.session.add(person(1))
            await transaction.session.flush()
            transaction.on_commit(announce)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await count(transaction) == 0
    assert announced == []


async def test_a_transaction_inside_another_is_part_of_it(transaction: Transaction) -> None:
    async def fail() -> None:
        async with transaction:
            async with transaction:
                transaction.session.add(person(1))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await count(transaction) == 0


async def test_a_failing_announcement_stops_neither_the_commit_nor_the_others(
    transaction: Transaction,
) -> None:
    announced = []

    async def fail() -> None:
        raise LookupError

    async def announce() -> None:
        announced.append(True)

    async with transaction:
        transaction.session.add(person(1))
        transaction.on_commit(fail)
        transaction.on_commit(announce)
    assert await count(transaction) == 1
    assert announced == [True]


async def test_a_query_outside_a_transaction_is_refused(transaction: Transaction) -> None:
    with pytest.raises(RuntimeError, match="no transaction"):
        _ = transaction.session


async def test_a_single_statement_is_kept_at_once(
    transaction: Transaction, session_factory: SessionFactory
) -> None:
    async with transaction.single():
        await transaction.session.execute(insert(User).values(telegram_id=1, first_name="A"))
        assert await count(Transaction(session_factory)) == 1
    # And what follows is a whole transaction again.
    async with transaction:
        transaction.session.add(person(2))
        await transaction.session.flush()
        assert await count(Transaction(session_factory)) == 1
    assert await count(transaction) == 2


async def test_a_single_statement_inside_a_transaction_is_undone_with_it(transaction: Transaction) -> None:
    async def fail() -> None:
        async with transaction:
            async with transaction.single():
                await transaction.session.execute(insert(User).values(telegram_id=1, first_name="A"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await count(transaction) == 0


_COUNT = Statement("SELECT count(*) AS people FROM users WHERE telegram_id = ANY (CAST(:ids AS bigint[]))")
_ADD = Statement(
    "INSERT INTO users (telegram_id, first_name) VALUES (:telegram_id, :name) RETURNING id, first_name"
)
_END_ALL = Statement("SELECT pg_terminate_backend(pg_backend_pid())")
_SLEEP = Statement("SELECT pg_sleep(60)")


async def test_a_statement_by_itself_is_kept_at_once_and_its_rows_have_names(
    transaction: Transaction, session_factory: SessionFactory
) -> None:
    async with transaction.single():
        (row,) = await transaction.run(_ADD, name="Anna", telegram_id=1)
        assert await count(Transaction(session_factory)) == 1
    assert row.first_name == row[1] == "Anna"
    with pytest.raises(AttributeError):
        _ = row.last_name
    async with transaction.single():
        assert [row.people for row in await transaction.run(_COUNT, ids=[1, 2])] == [1]


async def test_the_same_statement_inside_a_transaction_is_undone_with_it(transaction: Transaction) -> None:
    async def fail() -> None:
        async with transaction:
            async with transaction.single():
                (row,) = await transaction.run(_ADD, name="Anna", telegram_id=1)
                assert row.first_name == "Anna"
            assert (await transaction.run(_COUNT, ids=[1]))[0].people == 1
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await count(transaction) == 0


async def test_a_statement_outside_everything_is_refused(transaction: Transaction) -> None:
    with pytest.raises(RuntimeError, match="no transaction"):
        await transaction.run(_COUNT, ids=[1])


async def test_a_connection_that_was_lost_in_the_middle_is_an_outage_and_the_next_statement_gets_another(
    transaction: Transaction,
) -> None:
    with pytest.raises(ConnectionError) as caught:
        async with transaction.single():
            await transaction.run(_END_ALL)
    assert is_away(caught.value)
    async with transaction.single():
        assert (await transaction.run(_COUNT, ids=[1]))[0].people == 0


async def test_a_statement_that_is_refused_says_why_and_costs_no_connection(
    transaction: Transaction, engine: AsyncEngine
) -> None:
    async def add_anna() -> None:
        async with transaction.single():
            await transaction.run(_ADD, name="Anna", telegram_id=1)

    await add_anna()
    for _ in range(30):
        with pytest.raises(asyncpg.UniqueViolationError):
            await add_anna()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_whoever_gives_up_waiting_leaves_no_connection_in_the_middle_of_something(
    transaction: Transaction, engine: AsyncEngine
) -> None:
    for _ in range(15):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), transaction.single():
                await transaction.run(_SLEEP)
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    async with transaction.single():
        assert (await transaction.run(_COUNT, ids=[1]))[0].people == 0
