"""People of a group, and the bot among them."""

import asyncio

import pytest
from sqlalchemy import func, select

from tests.patience import PATIENCE
from vitte.core.settings import Settings
from vitte.db.models import User
from vitte.db.transaction import Transaction
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.group_client import SandboxGroup
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

NAME = "vitte_bot"
pytestmark = [
    pytest.mark.usefixtures("bot"),
    pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True),
]


@pytest.fixture
async def club(anna: SandboxPerson, ben: SandboxPerson) -> SandboxGroup:
    """A group into which Anna took the bot, after its greeting."""
    club = await SandboxGroup.of(anna, ben)
    await club.wait_for_answer()
    return club


async def people(transaction: Transaction) -> int:
    async with transaction:
        return await transaction.session.scalar(select(func.count()).select_from(User)) or 0


async def test_a_group_that_takes_the_bot_in_is_told_how_to_call_it(
    anna: SandboxPerson, ben: SandboxPerson
) -> None:
    russian, english = await SandboxGroup.of(anna, ben), await SandboxGroup.of(ben, anna)
    assert f"/ask@{NAME} и вопрос" in (await russian.wait_for_answer())["text"]
    assert f"@{NAME} and a question" in (await english.wait_for_answer())["text"]


@pytest.mark.parametrize("text", [f"@{NAME} What is it?", f"/ask@{NAME} What is it?", "/ask What is it?"])
async def test_who_calls_the_bot_is_answered_without_its_name(
    club: SandboxGroup, ben: SandboxPerson, text: str
) -> None:
    assert (await club.ask(ben, text))["text"] == "You said: Ben: What is it?"


async def test_a_reply_to_the_bot_goes_on_with_the_talk(club: SandboxGroup, ben: SandboxPerson) -> None:
    answer = await club.ask(ben, f"@{NAME} One")
    again = await club.ask(ben, "Two", reply_to_message_id=answer["message_id"])
    assert again["text"].startswith("You said: Ben: [In reply to what you said:]")
    assert again["text"].endswith("Two")


async def test_nobody_is_known_to_the_bot_for_talking_to_others(
    club: SandboxGroup,
    anna: SandboxPerson,
    ben: SandboxPerson,
    transaction: Transaction,
    model: Script,
) -> None:
    # As an administrator it gets to read all.
    await club.set_bot("administrator")
    asked = await club.ask(anna, f"@{NAME} One")
    before, known = len(model.requests), await people(transaction)
    for text in ("hello", "@somebody hello", "/weather", "/ask@other_bot hello", "hello @vitte_bots"):
        await club.say(ben, text)
    answer = await club.ask(anna, f"@{NAME} Two")
    assert answer["text"] == "You said: Анна: Two"
    assert len(await club.answers(after=asked["message_id"])) == 1
    assert (len(model.requests), await people(transaction)) == (before + 1, known)


@pytest.mark.parametrize("guise", ["anonymous", "channel"])
async def test_who_hides_behind_a_group_or_a_channel_is_left_alone(
    club: SandboxGroup, anna: SandboxPerson, transaction: Transaction, guise: str
) -> None:
    await club.say(anna, f"@{NAME} One", guise=guise)
    assert (await club.ask(anna, f"@{NAME} Two"))["text"] == "You said: Анна: Two"
    assert await people(transaction) == 1


async def test_another_bot_is_not_answered(
    club: SandboxGroup, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    said = await club.say(anna, "hello")
    other = {"id": 77, "is_bot": True, "first_name": "Other", "username": "other_bot"}
    entities = [{"type": "mention", "offset": 0, "length": len(NAME) + 1}]
    message = {
        "message_id": 9001,
        "date": said["date"],
        "chat": said["chat"],
        "from": other,
        "text": f"@{NAME} hello",
        "entities": entities,
    }
    await sandbox.inject([{"message": message}])
    assert (await club.ask(anna, f"@{NAME} Two"))["text"] == "You said: Анна: Two"
    assert len(await club.answers(after=said["message_id"])) == 1


async def test_what_is_personal_is_sent_to_a_private_chat(
    club: SandboxGroup, anna: SandboxPerson, ben: SandboxPerson
) -> None:
    for person, words in ((anna, "лично"), (ben, "in private")):
        answer = await club.ask(person, f"/status@{NAME}")
        assert words in answer["text"]
        assert answer["reply_markup"]["inline_keyboard"][0][0]["url"] == f"https://t.me/{NAME}"


async def test_a_name_and_nothing_else_is_asked_for_the_question(
    club: SandboxGroup, anna: SandboxPerson, ben: SandboxPerson
) -> None:
    assert (await club.ask(anna, f"@{NAME}"))["text"].startswith("Я здесь")
    assert (await club.ask(ben, f"/ask@{NAME}"))["text"].startswith("I am here")


async def test_help_and_commands_that_there_are_not_are_answered_when_they_name_the_bot(
    club: SandboxGroup, ben: SandboxPerson
) -> None:
    assert "/status" in (await club.ask(ben, f"/help@{NAME}"))["text"]
    assert "no such command" in (await club.ask(ben, f"/weather@{NAME}"))["text"]
    assert f"@{NAME} and a question" in (await club.ask(ben, f"/start@{NAME} group"))["text"]


async def test_what_is_asked_in_a_topic_is_told_off_in_that_topic(
    anna: SandboxPerson, ben: SandboxPerson
) -> None:
    forum = await SandboxGroup.of(anna, ben, topics=[5, 6])
    await forum.wait_for_answer()
    answer = await forum.ask(ben, f"/status@{NAME}", topic=6)
    assert (answer["message_thread_id"], answer["is_topic_message"]) == (6, True)


async def test_a_bot_that_was_put_out_breaks_nothing(
    club: SandboxGroup, anna: SandboxPerson, sandbox: RunningSandbox, model: Script
) -> None:
    model.holds_after = 1
    await club.say(anna, f"@{NAME} One")
    async with asyncio.timeout(PATIENCE):
        while not model.requests:  # noqa: ASYNC110 - the model tells nobody that it was asked
            await asyncio.sleep(0.02)
    await club.set_bot("kicked")
    model.go_on.set()
    calls = await sandbox.wait_for_calls("sendMessage", count=2)
    assert calls[-1]["status"] == 403
    assert (await anna.ask("Two"))["text"] == "You said: Two"
    before = await club.say(anna, "hello")
    await club.set_bot("member")
    assert "👋" in (await club.wait_for_answer(after=before["message_id"]))["text"]
    assert (await club.ask(anna, f"@{NAME} Three"))["text"] == "You said: Анна: Three"


async def test_an_answer_that_may_not_be_written_is_given_up_and_not_tried_again(
    club: SandboxGroup, anna: SandboxPerson, sandbox: RunningSandbox, model: Script, transaction: Transaction
) -> None:
    await club.set_bot("restricted")
    await club.say(anna, f"@{NAME} One")
    calls = await sandbox.wait_for_calls("sendMessage", count=2)
    assert "not enough rights" in calls[-1]["error"]
    # The next in the group's row is taken when this one is done with.
    await club.say(anna, f"@{NAME} Two")
    await sandbox.wait_for_calls("sendMessage", count=3)
    assert [request["messages"][-1]["content"] for request in model.requests] == ["Анна: One", "Анна: Two"]


async def test_an_answer_in_a_group_can_be_stopped_by_who_asked(
    club: SandboxGroup, anna: SandboxPerson, model: Script
) -> None:
    for question in (f"@{NAME} One two three", f"/ask@{NAME} One two three"):
        model.requests.clear()
        model.hold_after(2)
        said = await club.say(anna, question)
        async with asyncio.timeout(PATIENCE):
            while not model.requests:  # noqa: ASYNC110 - the model tells nobody that it was asked
                await asyncio.sleep(0.02)
        await club.say(anna, f"/stop@{NAME}")
        assert "⏹" in (await club.wait_for_answer(after=said["message_id"]))["text"]


async def asks_and_waits(club: SandboxGroup, person: SandboxPerson, model: Script) -> int:
    """Ask a question whose answer does not come to its end; return its message id."""
    calls = model.calls
    model.hold_after(2)
    said = await club.say(person, f"@{NAME} One two three")
    async with asyncio.timeout(PATIENCE):
        while model.calls == calls:  # noqa: ASYNC110 - the model tells nobody that it was asked
            await asyncio.sleep(0.02)
    return int(said["message_id"])


async def test_who_has_long_talked_in_private_can_stop_an_answer_in_a_young_group(
    club: SandboxGroup, anna: SandboxPerson, model: Script
) -> None:
    # Messages of a supergroup are counted apart.
    for number in range(6):
        await anna.ask(f"{number}?")
    question = await asks_and_waits(club, anna, model)
    assert question < (await anna.send("/help"))["message_id"]
    await club.say(anna, f"/stop@{NAME}")
    assert "⏹" in (await club.wait_for_answer(after=question))["text"]


async def test_who_stops_what_somebody_else_asked_in_a_group_is_told_that_it_goes_on(
    club: SandboxGroup, anna: SandboxPerson, ben: SandboxPerson, model: Script
) -> None:
    question = await asks_and_waits(club, anna, model)
    await club.say(ben, f"/stop@{NAME}")
    assert "nothing to stop" in (await club.wait_for_answer(after=question))["text"].lower()
    model.holds_after = None
    model.go_on.set()
    async with asyncio.timeout(PATIENCE):
        while not any("You said" in one["text"] for one in await club.answers(after=question)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class TestForbidden:
    """The owner wants no groups."""

    @pytest.fixture(autouse=True)
    def no_groups(self, settings: Settings) -> None:
        """Say so before the bot starts."""
        settings.assistant.groups = False

    async def test_a_group_is_told_once_that_the_bot_talks_in_private(
        self, anna: SandboxPerson, ben: SandboxPerson, model: Script, transaction: Transaction
    ) -> None:
        club = await SandboxGroup.of(anna, ben)
        assert (await club.wait_for_answer())["text"] == "В группах я не отвечаю. Напиши мне лично."
        answer = await club.ask(ben, f"@{NAME} One")
        assert answer["text"] == "I do not answer in groups. Please write to me in private."
        assert answer["reply_markup"]["inline_keyboard"][0][0]["url"] == f"https://t.me/{NAME}"
        await club.say(ben, f"@{NAME} Two")
        assert (await ben.ask("Three"))["text"] == "You said: Three"
        assert len(await club.answers(after=answer["message_id"])) == 0
        assert await people(transaction) == 1


async def test_people_of_a_group_share_a_talk_that_no_private_chat_knows_of(
    club: SandboxGroup, anna: SandboxPerson, ben: SandboxPerson, model: Script
) -> None:
    await anna.ask("A secret")
    await club.ask(anna, f"@{NAME} I like bees")
    await club.ask(ben, f"@{NAME} What does she like?")
    said = [message["content"] for message in model.requests[-1]["messages"][1:]]
    assert said[0] == "Анна: I like bees"
    assert said[-1] == "Ben: What does she like?"
    assert "A secret" not in str(said)
    await ben.ask("And what did I say?")
    assert [message["content"] for message in model.requests[-1]["messages"][1:]] == ["And what did I say?"]
    await club.ask(ben, f"/new@{NAME}")
    await club.ask(anna, f"@{NAME} Again")
    assert [message["content"] for message in model.requests[-1]["messages"][1:]] == ["Анна: Again"]
