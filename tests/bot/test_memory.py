"""A person looks at what is remembered of them, and has it forgotten."""

import re
from typing import Any

import pytest
from sqlalchemy import delete, select

from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Memory, User, UserSettings
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = [
    pytest.mark.usefixtures("bot"),
    pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True),
]


async def let_know(session_factory: SessionFactory, person: SandboxPerson, *facts: str) -> int:
    """Let facts be kept of a person whom the bot knows, oldest first; return the id of the newest."""
    async with session_factory() as session:
        user_id = (await session.scalars(select(User.id).where(User.telegram_id == person.id))).one()
        kept = [Memory(user_id=user_id, text=text) for text in facts]
        for fact in kept:
            session.add(fact)
            await session.flush()
        await session.commit()
        return kept[-1].id


async def kept(session_factory: SessionFactory) -> list[str]:
    async with session_factory() as session:
        return list(await session.scalars(select(Memory.text).order_by(Memory.id)))


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Return the data of each button by its text."""
    rows = message["reply_markup"]["inline_keyboard"]
    return {button["text"]: button["callback_data"] for row in rows for button in row}


def listed(message: dict[str, Any]) -> list[str]:
    return re.findall(r"^(\d+\. .*)$", message["text"], re.MULTILINE)


async def press(person: SandboxPerson, message: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """Press a button; return the message as it is then, and what the person is told."""
    query = await person.press(message, buttons(message)[name])
    told = await person.wait_for_answer(query)
    return person.messages[message["message_id"]], told.get("text") or ""


async def bring(
    sandbox: RunningSandbox, person: SandboxPerson, data: str, *, message_id: int, date: int, copies: int = 1
) -> None:
    """Let a pressed button come in that no client shows, and wait until the bot has done with it."""
    answered = len(await sandbox.calls(method="answerCallbackQuery"))
    query = {
        "id": "77",
        "from": {"id": person.id, "is_bot": False, "first_name": "P", "language_code": "en"},
        "chat_instance": "1",
        "data": data,
        "message": {
            "message_id": message_id,
            "date": date,
            "chat": {"id": person.id, "type": "private", "first_name": "P"},
        },
    }
    await sandbox.inject([{"callback_query": query}], copies=copies)
    await sandbox.wait_for_calls("answerCallbackQuery", count=answered + 1)


async def test_facts_are_listed_newest_first_and_turned_over_in_one_message(
    anna: SandboxPerson, session_factory: SessionFactory
) -> None:
    await anna.ask("/start")
    await let_know(session_factory, anna, *(f"Факт {number}" for number in range(1, 19)))
    message = await anna.ask("/memory")
    assert listed(message) == [f"{number}. Факт {19 - number}" for number in range(1, 9)]
    assert "Страница 1 из 3" in message["text"]
    messages = len(anna.messages)
    message, _ = await press(anna, message, "›")
    message, _ = await press(anna, message, "›")
    assert listed(message) == ["17. Факт 2", "18. Факт 1"]
    assert "›" not in buttons(message)
    message, _ = await press(anna, message, "‹")
    assert listed(message)[0] == "9. Факт 10"
    assert len(anna.messages) == messages


async def test_one_fact_is_forgotten_and_pressing_twice_forgets_no_other(
    anna: SandboxPerson, sandbox: RunningSandbox, session_factory: SessionFactory
) -> None:
    await anna.ask("/start")
    await let_know(session_factory, anna, "Пьёт чай", "Есть собака", "Живёт в Казани")
    shown = await anna.ask("/memory")
    message, told = await press(anna, shown, "🗑 2")
    assert told == "Забыто."
    assert listed(message) == ["1. Живёт в Казани", "2. Пьёт чай"]
    # Another press, on what the client still showed: the second fact is now another one.
    pressed = {"message_id": shown["message_id"], "date": shown["date"]}
    await bring(sandbox, anna, buttons(shown)["🗑 2"], **pressed)
    assert await kept(session_factory) == ["Пьёт чай", "Живёт в Казани"]
    assert listed(anna.messages[shown["message_id"]]) == ["1. Живёт в Казани", "2. Пьёт чай"]


async def test_the_last_fact_of_a_page_takes_the_page_along(
    ben: SandboxPerson, session_factory: SessionFactory
) -> None:
    await ben.ask("/start")
    await let_know(session_factory, ben, *(f"Fact {number}" for number in range(9)))
    message, _ = await press(ben, await ben.ask("/memory"), "›")
    message, _ = await press(ben, message, "🗑 9")
    assert len(listed(message)) == 8
    assert "Page" not in message["text"]


async def test_everything_is_forgotten_only_after_asking_once_more(
    ben: SandboxPerson, anna: SandboxPerson, session_factory: SessionFactory
) -> None:
    for person in (ben, anna):
        await person.ask("/start")
    await let_know(session_factory, anna, "Пьёт чай")
    await let_know(session_factory, ben, "Drinks tea", "Has a dog")
    message, _ = await press(ben, await ben.ask("/memory"), "Forget everything")
    assert "Facts: 2" in message["text"]
    message, _ = await press(ben, message, "No")
    assert len(listed(message)) == 2
    asked, _ = await press(ben, message, "Forget everything")
    message, told = await press(ben, asked, "Yes, forget everything")
    assert told == "Everything is forgotten."
    assert "I remember nothing of you yet." in message["text"]
    assert "Forget everything" not in buttons(message)
    assert await kept(session_factory) == ["Пьёт чай"]


async def test_nobody_can_forget_what_is_remembered_of_another(
    ben: SandboxPerson, anna: SandboxPerson, sandbox: RunningSandbox, session_factory: SessionFactory
) -> None:
    for person in (ben, anna):
        await person.ask("/start")
    annas = await let_know(session_factory, anna, "Пьёт чай")
    await let_know(session_factory, ben, "Has a dog")
    message = await ben.ask("/memory")
    assert listed(message) == ["1. Has a dog"]
    # As a client sends it that has been changed for it.
    crafted = re.sub(r"\d+$", str(annas), buttons(message)["🗑 1"])
    await bring(sandbox, ben, crafted, message_id=message["message_id"], date=message["date"])
    assert await kept(session_factory) == ["Пьёт чай", "Has a dog"]


async def test_memory_is_switched_off_and_on_again(
    ben: SandboxPerson, session_factory: SessionFactory
) -> None:
    await ben.ask("/start")
    await let_know(session_factory, ben, "Has a dog")
    message, _ = await press(ben, await ben.ask("/memory"), "Switch memory off")
    assert message["text"].startswith("🧠 Memory is off")
    assert listed(message) == ["1. Has a dog"]
    async with session_factory() as session:
        assert (await session.scalars(select(UserSettings.remembers))).all() == [False]
    message, _ = await press(ben, message, "Switch memory on")
    assert message["text"].startswith("🧠 Memory is on.")


async def test_long_facts_fit_into_the_message(ben: SandboxPerson, session_factory: SessionFactory) -> None:
    await ben.ask("/start")
    await let_know(session_factory, ben, *("🦊" * 512 for _ in range(9)))
    message = await ben.ask("/memory")
    assert len(listed(message)) == 8
    assert all(line.endswith("🦊…") for line in listed(message))


async def test_a_button_of_a_message_that_is_gone_brings_a_new_one(
    ben: SandboxPerson, sandbox: RunningSandbox, session_factory: SessionFactory
) -> None:
    await ben.ask("/start")
    await let_know(session_factory, ben, "Has a dog")
    shown = await ben.ask("/memory")
    # Telegram shows no more of such a message than that it was there.
    await bring(sandbox, ben, buttons(shown)["🗑 1"], message_id=5, date=0, copies=2)
    await ben.wait_for_message("I remember nothing of you yet.", after=shown["message_id"])
    assert await kept(session_factory) == []


async def test_who_has_memory_switched_off_by_the_owner_can_still_forget(
    ben: SandboxPerson, settings: Settings, session_factory: SessionFactory
) -> None:
    settings.memory.enabled = False
    await ben.ask("/start")
    await let_know(session_factory, ben, "Has a dog")
    message = await ben.ask("/memory")
    assert "switched off for everybody" in message["text"]
    assert list(buttons(message)) == ["🗑 1", "Forget everything"]
    async with session_factory() as session:
        await session.execute(delete(Memory))
        await session.commit()
    _, told = await press(ben, message, "🗑 1")
    assert told == "That one is forgotten already."
