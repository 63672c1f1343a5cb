"""Albums: several messages that are one question."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.types import Message
from dishka import AsyncContainer

from tests.bot.input.conftest import Ear
from tests.sandbox.pictures import png
from tests.sandbox.recordings import mp3
from vitte.assistant.albums import AlbumService
from vitte.assistant.places import Place
from vitte.assistant.schemas import Asked, Question
from vitte.assistant.turns import TurnStore
from vitte.bot.input.albums import AlbumGatherer
from vitte.core.settings import Settings
from vitte.inbox.service import InboxService
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.model import Json
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

TWO = [("a.txt", b"first words"), ("b.txt", b"second words")]


def asked(model: Script) -> str:
    return str(model.requests[-1]["messages"][-1]["content"])


def raw(message_id: int, *, group: str = "g", chat_id: int = 1001) -> Json:
    chat = {"id": chat_id, "type": "private", "first_name": "Anna"}
    user = {"id": chat_id, "is_bot": False, "first_name": "Anna"}
    document = {"file_id": "F", "file_unique_id": "U", "file_name": f"{message_id}.txt"}
    return {
        "message_id": message_id,
        "date": 1_700_000_000,
        "chat": chat,
        "from": user,
        "media_group_id": group,
        "document": document,
    }


@pytest.mark.usefixtures("ear", "bot")
@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
class TestPeopleSendAlbums:
    async def test_all_parts_are_one_question_with_one_answer(
        self, anna: SandboxPerson, model: Script
    ) -> None:
        sent = await anna.send_album(TWO, kind="document", caption="Compare them")
        await anna.wait_for_message("You said", after=sent[-1]["message_id"])
        question = asked(model)
        assert question.startswith("Compare them\n\n[File “a.txt”:]\nfirst words\n")
        assert "[File “b.txt”:]\nsecond words\n" in question
        # What comes next is handled after all parts: they led to nothing more.
        await anna.ask("thanks")
        assert len(model.requests) == 2

    async def test_a_part_that_comes_too_late_is_a_question_of_its_own(
        self, anna: SandboxPerson, model: Script, sandbox: RunningSandbox
    ) -> None:
        sent = await anna.send_album(TWO, kind="document")
        await anna.wait_for_message("You said", after=sent[-1]["message_id"])
        chat = sandbox.world.chat(42, anna.id)
        assert chat is not None
        part = sandbox.world.telegram_message(chat.messages[sent[0]["message_id"]])
        await sandbox.inject([{"message": {**part, "message_id": sent[-1]["message_id"] + 500}}])
        async with asyncio.timeout(60):
            while len(model.requests) < 2:  # noqa: ASYNC110 - the model tells nobody
                await asyncio.sleep(0.02)
        assert "first words" in asked(model)
        assert "second words" not in asked(model)

    async def test_two_albums_are_two_questions(self, anna: SandboxPerson, model: Script) -> None:
        await anna.send_album(TWO, kind="document", caption="one")
        last = (await anna.send_album(TWO, kind="document", caption="two"))[-1]
        await anna.wait_for_message("You said: two", after=last["message_id"])
        assert len(model.requests) == 2

    async def test_one_broken_file_does_not_keep_the_others_from_being_read(
        self, anna: SandboxPerson, model: Script
    ) -> None:
        files = [TWO[0], ("b.pdf", b"broken"), ("c.zip", b"PK")]
        last = (await anna.send_album(files, kind="document", caption="Sum up"))[-1]
        note = await anna.wait_for_message("«b.pdf»", after=last["message_id"])
        assert "Не умею читать «c.zip»" in note["text"]
        await anna.wait_for_message("You said", after=last["message_id"])
        assert "[File “b.pdf” could not be read]" in asked(model)

    async def test_an_album_of_which_nothing_can_be_read_is_told_of_once(
        self, anna: SandboxPerson, model: Script
    ) -> None:
        files = [("a.zip", b"PK"), ("b.zip", b"PK"), ("c.zip", b"PK")]
        await anna.send_album(files, kind="document")
        await anna.wait_for_message("«c.zip»")
        await anna.ask("thanks")
        told = [one["text"] for one in anna.messages.values() if one["from_bot"] and "zip" in one["text"]]
        assert len(told) == 1
        assert told[0].count("Не умею читать") == 3
        assert len(model.requests) == 1

    async def test_photos_a_model_cannot_see_are_declined_once(
        self, anna: SandboxPerson, model: Script
    ) -> None:
        await anna.send_album([(f"{side}.png", png(side, side)) for side in range(2, 12)])
        await anna.wait_for_message("не видит картинок")
        await anna.ask("thanks")
        assert len([one for one in anna.messages.values() if "не видит" in one.get("text", "")]) == 1

    async def test_of_several_recordings_the_first_is_heard(
        self, anna: SandboxPerson, ear: Ear, model: Script
    ) -> None:
        last = (await anna.send_album([("a.mp3", mp3()), ("b.mp3", mp3())], kind="audio"))[-1]
        await anna.wait_for_message("You said: What is the weather", after=last["message_id"])


@pytest.fixture
async def telegram() -> Bot:
    """The bot's account, which is not asked for anything here."""
    return Bot("42:TEST")


async def stored_album(container: AsyncContainer, *, place: Place | None = None) -> int:
    """Store a question made of the messages 10 and 11 of an album, and return who asked it."""
    async with container() as request:
        users = await request.get(UserService)
        person = await users.meet(TelegramProfile(telegram_id=1001, first_name="Anna"))
    question = Question(text="Both", telegram_message_id=10, media_group_id="g", album=(10, 11))
    turns = await container.get(TurnStore)
    await turns.begin(Asked(user_id=person.id, question=question, place=place))
    return person.id


@pytest.mark.parametrize("place", [None, Place(chat_id=-5, topic_id=7)])
async def test_what_was_answered_is_known_to_every_process_and_after_a_crash(
    container: AsyncContainer, place: Place | None
) -> None:
    user_id = await stored_album(container, place=place)
    albums = await container.get(AlbumService)
    assert await albums.is_answered(user_id, "g", 11, place=place)
    # The first part itself may come in again: it is the question.
    assert not await albums.is_answered(user_id, "g", 10, place=place)
    assert not await albums.is_answered(user_id, "g", 12, place=place)
    assert not await albums.is_answered(user_id, "other", 11, place=place)
    assert not await albums.is_answered(user_id + 1, "g", 11)


async def test_a_crash_between_the_parts_leaves_the_album_whole(
    container: AsyncContainer, settings: Settings, telegram: Bot
) -> None:
    inbox, albums = await container.get(InboxService), await container.get(AlbumService)
    await inbox.take_in(42, [{"update_id": number, "message": raw(number)} for number in (10, 11)])
    first, second = (Message.model_validate(raw(number)) for number in (10, 11))

    async def gather(message: Message, user_id: int) -> list[int]:
        # A process of its own each time: nothing is remembered.
        gatherer = AlbumGatherer(inbox, albums, settings.files)
        return [part.message_id for part in await gatherer.gather(message, bot=telegram, user_id=user_id)]

    assert await gather(first, user_id=1) == [10, 11]
    # It ended before it stored the question: the first part is handled again, and still finds the other.
    assert await gather(first, user_id=1) == [10, 11]
    user_id = await stored_album(container)
    assert await gather(first, user_id=user_id) == [10, 11]
    assert await gather(second, user_id=user_id) == []


async def test_parts_of_other_chats_albums_and_bots_are_left_alone(
    container: AsyncContainer, settings: Settings, telegram: Bot
) -> None:
    inbox, albums = await container.get(InboxService), await container.get(AlbumService)
    ours = [raw(10), raw(12), raw(11), raw(13, group="other"), raw(14, chat_id=1002)]
    await inbox.take_in(42, [{"update_id": number, "message": one} for number, one in enumerate(ours)])
    await inbox.take_in(42, [{"update_id": 90, "message": {"chat": {"id": 1001}, "media_group_id": "g"}}])
    await inbox.take_in(43, [{"update_id": 91, "message": raw(15)}])
    gatherer = AlbumGatherer(inbox, albums, settings.files)
    parts = await gatherer.gather(Message.model_validate(raw(10)), bot=telegram, user_id=1)
    assert [part.message_id for part in parts] == [10, 11, 12]
