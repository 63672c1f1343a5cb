"""Transactions: what is kept, what is undone, and who is told."""

import pytest
from sqlalchemy import func, insert, select

from vitte.db.engine import SessionFactory
from vitte.db.models import User
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
