"""Dialogs get names."""

import pytest
from dishka import AsyncContainer
from sqlalchemy import select

from vitte.db.models import Dialog, Message, User
from vitte.db.transaction import Transaction
from vitte.dialogs.titles import MAX_TITLE, TitleService, clean_title
from vitte.sandbox.llm import Script


@pytest.fixture
async def dialog_id(transaction: Transaction) -> int:
    async with transaction:
        user = User(telegram_id=1001, first_name="A")
        transaction.session.add(user)
        await transaction.session.flush()
        dialog = Dialog(user_id=user.id)
        transaction.session.add(dialog)
        await transaction.session.flush()
        transaction.session.add(Message(dialog_id=dialog.id, role="user", text="How tall is the Elbrus?"))
    return dialog.id


async def give_title(container: AsyncContainer, dialog_id: int) -> None:
    async with container() as request:
        await (await request.get(TitleService)).give_title(dialog_id)


async def title(transaction: Transaction) -> str | None:
    async with transaction:
        return (await transaction.session.scalars(select(Dialog.title))).one()


async def test_the_model_names_the_dialog_and_is_asked_once(
    model: Script, container: AsyncContainer, dialog_id: int, transaction: Transaction
) -> None:
    model.answer = '**Title:** "Height of the Elbrus".\nAnything else?'
    await give_title(container, dialog_id)
    await give_title(container, dialog_id)
    assert await title(transaction) == "Height of the Elbrus"
    assert len(model.requests) == 1
    assert "How tall is the Elbrus?" in model.requests[0]["messages"][1]["content"]


async def test_a_dialog_gets_a_name_even_when_the_model_is_away(
    model: Script, container: AsyncContainer, dialog_id: int, transaction: Transaction
) -> None:
    model.fault = "broken"
    await give_title(container, dialog_id)
    assert await title(transaction) == "How tall is the Elbrus?"


async def test_a_dialog_that_is_gone_is_no_error(model: Script, container: AsyncContainer) -> None:
    await give_title(container, 12345)
    assert model.requests == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Название: «Высота Эльбруса»", "Высота Эльбруса"),
        ("\n\n# A heading\nmore", "A heading"),
        ("  many   spaces ", "many spaces"),
        ("word " * 40, ("word " * 40)[:59].strip() + "…"),
        ("x" * 100, "x" * (MAX_TITLE - 1) + "…"),
        ("***", ""),
        ("", ""),
    ],
)
def test_a_title_is_one_short_clean_line(said: str, kept: str) -> None:
    assert clean_title(said) == kept
    assert len(clean_title(said)) <= MAX_TITLE
