"""People choose who answers, by which model, and how."""

from decimal import Decimal

import pytest
from sqlalchemy import delete

from tests.bot.keyboards import buttons, menu_of_old, press
from tests.bot.test_dialogs import shows
from vitte.db.models import LanguageModel, Persona
from vitte.db.transaction import Transaction
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = [
    pytest.mark.usefixtures("bot"),
    pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True),
]


@pytest.fixture
async def settings(settings: object, transaction: Transaction) -> object:
    """Settings of a bot whose owner has filled the catalogue before it starts."""
    async with transaction:
        for table in (Persona, LanguageModel):
            await transaction.session.execute(delete(table))
        transaction.session.add_all(
            [
                Persona(key="assistant", name_en="Assistant", name_ru="Ассистент"),
                Persona(key="poet", name_en="Poet", name_ru="Поэт", greeting_en="Let us rhyme."),
                Persona(key="gone", name_en="Gone", name_ru="Никого", is_enabled=False),
                LanguageModel(
                    key="small", name="Small", price_in=Decimal("0.001"), price_out=Decimal("0.001")
                ),
                LanguageModel(key="large", name="Large", price_in=Decimal(1), price_out=Decimal(5)),
                LanguageModel(key="huge", name="Huge", plans=["pro"]),
            ]
        )
    return settings


async def test_a_chosen_persona_greets_and_stays(ben: SandboxPerson) -> None:
    await ben.ask("Hello")
    menu = await ben.ask("/persona")
    assert list(buttons(menu).values()) == ["✅ Assistant", "Poet"]
    answer = await press(ben, menu, "Poet")
    assert answer["text"] == "Poet answers now."
    menu = await shows(ben, menu, "✅ Poet")
    greeting = await ben.wait_for_message("Let us rhyme.")
    assert greeting["text"] == "🆕 A new dialog · Poet\n\nLet us rhyme."
    # Pressed again by mistake, it greets no more.
    await press(ben, menu, "Poet")
    listed = buttons(await ben.ask("/dialogs"))
    assert list(listed.values())[:2] == ["✅ New dialog", "Hello"]
    greetings = [one for one in ben.messages.values() if "Let us rhyme." in one.get("text", "")]
    assert len(greetings) == 1
    await ben.ask("Hi")
    assert "Poet" in (await ben.ask("/new"))["text"]
    assert "Poet" in (await ben.ask("/settings"))["text"]


async def test_models_show_what_they_cost_and_those_of_other_plans_a_lock(ben: SandboxPerson) -> None:
    menu = await ben.ask("/model")
    assert list(buttons(menu).values()) == ["✅ Small", "Large", "🔒 Huge"]
    assert "Small — ≈ $0.001 per 1M tokens" in menu["text"]
    assert "Large — ≈ $2.00 per 1M tokens" in menu["text"]
    assert "Huge —" not in menu["text"]
    assert "another plan" in menu["text"]
    locked = await press(ben, menu, "Huge")
    assert locked["show_alert"]
    assert "another plan" in locked["text"]
    await press(ben, menu, "Large")
    await shows(ben, menu, "✅ Large")
    assert "Large" in (await ben.ask("/settings"))["text"]


async def test_what_is_no_longer_on_offer_cannot_be_chosen(
    sandbox: RunningSandbox, ben: SandboxPerson
) -> None:
    await ben.ask("/start")
    for data, present in (("persona:gone", "✅ Assistant"), ("model:gone", "✅ Small")):
        menu = await menu_of_old(sandbox, ben, data)
        answer = await ben.wait_for_answer(await ben.press(menu, data))
        assert "no longer on offer" in answer["text"]
        await shows(ben, menu, present)


async def test_a_language_takes_effect_at_once_in_its_own_message_and_in_the_menu(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    menu = await anna.ask("/settings")
    assert "✅ Как в Telegram" in buttons(menu).values()
    await press(anna, menu, "English")
    menu = await shows(anna, menu, "✅ English")
    assert menu["text"].startswith("⚙️ Settings")
    await anna.wait_for_event("commands")
    help_of = {one["command"]: one["description"] for one in (await anna.chat())["bot"]["commands"]}
    assert help_of["help"] == "What I can do"
    assert (await anna.ask("/help"))["text"].startswith("Write me")
    # Once for each language, for this chat, and again: a later version may have more commands.
    await sandbox.wait_for_calls("setMyCommands", count=4)
    await press(anna, menu, "As in Telegram")
    await shows(anna, menu, "✅ Как в Telegram")
    await sandbox.wait_for_calls("deleteMyCommands")
    assert (await anna.ask("/help"))["text"].startswith("Напиши")
    assert len(await sandbox.calls(method="setMyCommands")) == 4


async def test_memory_can_be_switched_off_and_on(ben: SandboxPerson) -> None:
    menu = await ben.ask("/settings")
    assert not any("Voice" in one for one in buttons(menu).values())
    await press(ben, menu, "Memory: on")
    menu = await shows(ben, menu, "Memory: off")
    assert "🧩 Memory: off" in buttons(await ben.ask("/settings")).values()
    await press(ben, menu, "Memory: off")
    await shows(ben, menu, "Memory: on")
