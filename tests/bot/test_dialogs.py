"""A person's dialogs, in one message with buttons."""

import pytest
from sqlalchemy import func, select, text

from tests.bot.keyboards import buttons, menu_of_old, press
from vitte.core.json import loads
from vitte.db.models import Dialog, Message
from vitte.db.transaction import Transaction
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.model import Json
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = [
    pytest.mark.usefixtures("bot"),
    # Menus change faster than people can press.
    pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True),
]


async def shows(person: SandboxPerson, menu: Json, words: str) -> Json:
    """Wait until the menu has these words, or a button that has them."""

    def fits(message: Json) -> bool:
        seen = [message["text"], *buttons(message).values()]
        return message["message_id"] == menu["message_id"] and any(words in one for one in seen)

    return await person.wait_for_message(fits)


async def titles(person: SandboxPerson) -> list[str]:
    """Return what the list says."""
    return [one for data, one in buttons(await person.ask("/dialogs")).items() if ":open:" in data]


async def two_dialogs(person: SandboxPerson) -> Json:
    """Have two dialogs, and open the list."""
    await person.ask("About bees")
    await person.ask("/new")
    await person.ask("About cats")
    return await person.ask("/dialogs")


async def wants_to_rename(person: SandboxPerson, menu: Json) -> Json:
    """Press all that it takes for the next text to be the name of the dialog about bees."""
    await press(person, menu, "About bees")
    menu = await shows(person, menu, "Rename")
    await press(person, menu, "Rename")
    return await shows(person, menu, "Send a new name")


async def test_a_new_dialog_knows_nothing_of_the_last(ben: SandboxPerson, model: Script) -> None:
    await ben.ask("My name is Ben.")
    assert (await ben.ask("/new"))["text"].startswith("🆕 A new dialog · ✨ Assistant")
    # Nothing was said: it stays.
    await ben.ask("/new")
    await ben.ask("What is my name?")
    assert [message["role"] for message in model.requests[-1]["messages"]] == ["system", "user"]
    assert len(await titles(ben)) == 2


async def test_who_switches_goes_on_where_they_were(ben: SandboxPerson, model: Script) -> None:
    menu = await two_dialogs(ben)
    assert [title.startswith("✅") for title in buttons(menu).values()][:2] == [True, False]
    await press(ben, menu, "About bees")
    menu = await shows(ben, menu, "Go on with it")
    assert "About bees" in menu["text"]
    assert (await press(ben, menu, "Go on"))["text"] == "This dialog goes on now."
    await shows(ben, menu, "✅ About bees")
    await ben.ask("More")
    said = [message["content"] for message in model.requests[-1]["messages"][1:]]
    assert said == ["About bees", "You said: About bees", "More"]


async def test_a_dialog_gets_the_name_that_is_sent_next(ben: SandboxPerson) -> None:
    menu = await two_dialogs(ben)
    menu = await wants_to_rename(ben, menu)
    assert "Honey" in (await ben.ask("“Honey”\nand wax"))["text"]
    await shows(ben, menu, "Honey")
    # And the next text is a question again.
    assert (await ben.ask("More"))["text"] == "You said: More"
    assert await titles(ben) == ["✅ About cats", "Honey"]


async def test_what_is_sent_instead_of_a_name_is_asked_and_is_no_name(
    sandbox: RunningSandbox, ben: SandboxPerson
) -> None:
    await ben.ask("About bees")
    menu = await ben.ask("/dialogs")
    await wants_to_rename(ben, menu)
    update = loads(_text_update(ben, 10_000, ""))
    del update["message"]["text"]
    update["message"]["location"] = {"latitude": 55.75, "longitude": 37.61}
    await sandbox.inject([{"message": update["message"]}])
    await ben.wait_for_message("You said: [Location")
    assert (await ben.ask("Cats?"))["text"] == "You said: Cats?"
    assert await titles(ben) == ["✅ About bees"]


@pytest.mark.parametrize("instead", ["/cancel", "/status", "cancel button", "another menu", "too late"])
async def test_no_question_becomes_a_name_by_mistake(
    ben: SandboxPerson, transaction: Transaction, instead: str
) -> None:
    await ben.ask("About bees")
    menu = await ben.ask("/dialogs")
    other = await ben.ask("/settings")
    menu = await wants_to_rename(ben, menu)
    match instead:
        case "cancel button":
            await press(ben, menu, "Cancel")
        case "another menu":
            await press(ben, other, "Memory")
        case "too late":
            async with transaction:
                await transaction.session.execute(
                    text("UPDATE settings SET extra_data = jsonb_set(extra_data, '{awaited,until}', :past)"),
                    {"past": '"2026-01-01T00:00:00+00:00"'},
                )
            # Any change of a person's makes their profile be read anew.
            await ben.block()
            await ben.unblock()
        case command:
            said = (await ben.ask(command))["text"]
            assert ("stays as it is" in said) is (command == "/cancel")
    assert (await ben.ask("Cats?"))["text"] == "You said: Cats?"
    assert await titles(ben) == ["✅ About bees"]


async def test_a_name_that_is_handled_again_after_a_crash_is_no_question(
    sandbox: RunningSandbox, ben: SandboxPerson, transaction: Transaction
) -> None:
    await ben.ask("About bees")
    menu = await ben.ask("/dialogs")
    await wants_to_rename(ben, menu)
    first = await ben.ask("Honey")
    async with transaction:
        # As if the bot had been killed before it could mark it as done.
        await transaction.session.execute(
            text(
                "UPDATE inbox_updates SET state = 'open', attempts = 1, payload = :payload, "
                "finished_at = NULL WHERE id = (SELECT max(id) FROM inbox_updates)"
            ),
            {"payload": _text_update(ben, first["message_id"] - 1, "Honey")},
        )
        await transaction.session.execute(text("NOTIFY vitte_inbox"))
    again = await ben.wait_for_message("Honey", after=first["message_id"])
    assert again["text"] == first["text"]
    assert await titles(ben) == ["✅ Honey"]


def _text_update(person: SandboxPerson, message_id: int, words: str) -> str:
    return (
        f'{{"update_id": 1, "message": {{"message_id": {message_id}, "date": 1, "text": "{words}", '
        f'"chat": {{"id": {person.id}, "type": "private", "first_name": "Ben"}}, '
        f'"from": {{"id": {person.id}, "is_bot": false, "first_name": "Ben", "language_code": "en"}}}}}}'
    )


async def test_a_dialog_is_deleted_once_the_person_has_said_so_twice(
    ben: SandboxPerson, transaction: Transaction
) -> None:
    menu = await two_dialogs(ben)
    await press(ben, menu, "About cats")
    menu = await shows(ben, menu, "Delete")
    await press(ben, menu, "Delete")
    menu = await shows(ben, menu, "Yes, delete")
    assert len(await titles(ben)) == 2
    assert (await press(ben, menu, "Yes, delete"))["text"] == "Deleted."
    await shows(ben, menu, "✅ About bees")
    async with transaction:
        left = (await transaction.session.scalars(select(Message.text).order_by(Message.id))).all()
    assert left == ["About bees", "You said: About bees"]


async def test_many_dialogs_are_shown_page_by_page(ben: SandboxPerson, transaction: Transaction) -> None:
    await ben.ask("About bees")
    async with transaction:
        for number in range(9):
            transaction.session.add(Dialog(user_id=1, title=f"Dialog {number}", is_current=False))
    menu = await ben.ask("/dialogs")
    assert "page 1 of 2" in menu["text"]
    await press(ben, menu, "›")
    menu = await shows(ben, menu, "page 2 of 2")
    assert list(buttons(menu).values()) == ["Dialog 0", "✅ About bees", "‹", "➕ New dialog"]
    await press(ben, menu, "New dialog")
    await ben.wait_for_message("🆕")
    await shows(ben, menu, "✅ New dialog")


async def test_the_dialogs_of_others_are_out_of_reach_also_by_invented_buttons(
    sandbox: RunningSandbox, anna: SandboxPerson, ben: SandboxPerson, transaction: Transaction
) -> None:
    await anna.ask("Секрет")
    await ben.ask("About bees")
    actions = ("open", "switch", "rename", "delete", "gone")
    menu = await menu_of_old(sandbox, ben, *(f"dialog:{action}:1:0" for action in actions))
    for action in actions:
        answer = await ben.wait_for_answer(await ben.press(menu, f"dialog:{action}:1:0"))
        assert answer["text"] == "This dialog is no more."
        await shows(ben, menu, "✅ About bees")
        menu = await menu_of_old(sandbox, ben, *(f"dialog:{action}:1:0" for action in actions))
    assert (await ben.ask("Bees"))["text"] == "You said: Bees"
    assert (await titles(anna))[0].startswith("✅")
    async with transaction:
        assert await transaction.session.scalar(select(func.count()).select_from(Dialog)) == 2
