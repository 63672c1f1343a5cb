"""People begin, find, name and delete their dialogs, and nobody else's."""

import asyncio

import pytest
from dishka import AsyncContainer
from sqlalchemy import func, select

from vitte.db.models import Dialog, Message, User
from vitte.db.transaction import Transaction
from vitte.dialogs.service import PAGE_SIZE, DialogService

ANNA, BEN = 1, 2


@pytest.fixture(autouse=True)
async def people(transaction: Transaction) -> None:
    """Anna and Ben, who have said nothing yet."""
    async with transaction:
        transaction.session.add_all(
            [User(telegram_id=1000 + number, first_name="A") for number in (ANNA, BEN)]
        )


async def say(transaction: Transaction, dialog_id: int, text: str = "How do bees sleep?") -> None:
    async with transaction:
        transaction.session.add(Message(dialog_id=dialog_id, role="user", text=text))


async def current(transaction: Transaction, user_id: int = ANNA) -> int | None:
    async with transaction:
        query = select(Dialog.id).where(Dialog.user_id == user_id, Dialog.is_current)
        return await transaction.session.scalar(query)


async def test_a_new_dialog_begins_once_something_was_said_in_the_last(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with container() as update:
        dialogs = await update.get(DialogService)
        first = await dialogs.begin_new(ANNA, "poet")
        assert await dialogs.begin_new(ANNA, "editor") == first
        assert (await dialogs.page(ANNA)).entries[0].persona == "editor"
        await say(transaction, first)
        second = await dialogs.begin_new(ANNA, None)
        assert second != first
        assert await current(transaction) == second
        # One that has a name is not empty, even if what was said in it is past its time.
        await dialogs.rename(ANNA, second, "Old times")
        assert await dialogs.begin_new(ANNA, None) not in (first, second)


async def test_however_many_begin_at_once_there_is_one_new_dialog(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async def begin() -> int:
        async with container() as update:
            return await (await update.get(DialogService)).begin_new(ANNA, "poet")

    begun = set(await asyncio.gather(*(begin() for _ in range(8))))
    assert begun == {await current(transaction)}


async def test_dialogs_are_listed_newest_first_by_name_or_first_words(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with container() as update:
        dialogs = await update.get(DialogService)
        empty = await dialogs.page(ANNA)
        assert (empty.entries, empty.number, empty.count) == ((), 0, 1)
        made = []
        for number in range(PAGE_SIZE + 1):
            made.append(await dialogs.begin_new(ANNA, None))
            await say(transaction, made[-1], f"{number}: how do **bees** sleep?\nAnd where?")
        await dialogs.rename(ANNA, made[-1], ' "About \n bees" ')
        last = await dialogs.begin_new(ANNA, None)
        first, second = await dialogs.page(ANNA), await dialogs.page(ANNA, 7)
        assert [entry.title for entry in first.entries[:3]] == [None, "About", "7: how do **bees** sleep?"]
        assert [entry.is_current for entry in first.entries] == [True] + [False] * (PAGE_SIZE - 1)
        assert first.entries[0].id == last
        assert (first.count, second.number, len(second.entries)) == (2, 1, 2)
        assert await dialogs.page(BEN) == empty


async def test_switching_leads_back_to_what_was_said_before(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with container() as update:
        dialogs = await update.get(DialogService)
        first = await dialogs.begin_new(ANNA, "poet")
        await say(transaction, first)
        await dialogs.begin_new(ANNA, None)
        assert await dialogs.switch(ANNA, first)
        assert await dialogs.switch(ANNA, first)
        assert await current(transaction) == first
        entry = await dialogs.find(ANNA, first)
        assert entry is not None
        assert (entry.title, entry.is_current, entry.persona) == ("How do bees sleep?", True, "poet")


async def test_a_deleted_dialog_is_gone_at_once_with_all_that_was_said(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with container() as update:
        dialogs = await update.get(DialogService)
        made = []
        for _ in range(3):
            made.append(await dialogs.begin_new(ANNA, None))
            await say(transaction, made[-1])
        first, second, third = made
        assert await dialogs.delete(ANNA, third)
        assert not await dialogs.delete(ANNA, third)
        assert await current(transaction) == second
        assert await dialogs.delete(ANNA, first)
        assert await current(transaction) == second
        assert await dialogs.delete(ANNA, second)
        assert await current(transaction) is None
    async with transaction:
        assert await transaction.session.scalar(select(func.count()).select_from(Message)) == 0


async def test_nobody_touches_the_dialogs_of_others_or_of_places(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with transaction:
        of_topic = Dialog(user_id=BEN, chat_id=1002, topic_id=5, is_current=False)
        transaction.session.add(of_topic)
        await transaction.session.flush()
        topic_id = of_topic.id
    async with container() as update:
        dialogs = await update.get(DialogService)
        annas = await dialogs.begin_new(ANNA, None)
        bens = await dialogs.begin_new(BEN, None)
        for dialog_id in (annas, topic_id, 10**6):
            assert await dialogs.find(BEN, dialog_id) is None
            assert not await dialogs.switch(BEN, dialog_id)
            assert await dialogs.rename(BEN, dialog_id, "mine") is None
            assert not await dialogs.delete(BEN, dialog_id)
        assert await current(transaction, BEN) == bens
        assert [entry.id for entry in (await dialogs.page(BEN)).entries] == [bens]
        assert (await dialogs.find(ANNA, annas)) is not None
