"""Questions that are changed, answers that are wanted once more, and dialogs of places."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from dishka import AsyncContainer
from sqlalchemy import delete

from vitte.assistant.places import Place
from vitte.assistant.running import AnswerStoppedError
from vitte.assistant.schemas import Answer, Asked, Edited, ImageRef, Question, Turn
from vitte.assistant.stops import StopService
from vitte.assistant.turns import TurnStore
from vitte.db.models import Dialog
from vitte.db.transaction import Transaction
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
async def turns(container: AsyncContainer) -> TurnStore:
    return await container.get(TurnStore)


@pytest.fixture
async def user_id(container: AsyncContainer) -> int:
    return await meet(container, 1000)


async def meet(container: AsyncContainer, telegram_id: int) -> int:
    async with container() as request:
        users = await request.get(UserService)
        return (await users.meet(TelegramProfile(telegram_id=telegram_id, first_name="A"))).id


async def ask(
    turns: TurnStore, user_id: int, number: int, place: Place | None = None, author: str | None = None
) -> Turn:
    """Ask, and have the answer sent as the message after the question."""
    question = Question(text=f"question {number}", telegram_message_id=number, author=author)
    turn = await turns.begin(Asked(user_id=user_id, question=question, place=place))
    answer_id = await turns.save_answer(Answer(turn=turn, text=f"answer {number}", model="scripted"))
    await turns.mark_sent(answer_id, number + 1)
    return turn


def edited(user_id: int, number: int, *, minutes: int = 0, place: Place | None = None) -> Edited:
    question = Question(text=f"changed {minutes}", telegram_message_id=number)
    return Edited(user_id=user_id, question=question, place=place, at=_NOON + timedelta(minutes=minutes))


async def begin(turns: TurnStore, user_id: int, number: int, place: Place | None = None) -> Turn:
    question = Question(text="whatever", telegram_message_id=number)
    return await turns.begin(Asked(user_id=user_id, question=question, place=place))


def texts(turn: Turn) -> list[str]:
    return [said.text for said in turn.context]


async def test_a_changed_question_loses_its_answer_and_is_asked_as_it_is_now(
    turns: TurnStore, user_id: int
) -> None:
    await ask(turns, user_id, 1)
    await ask(turns, user_id, 3)
    assert await turns.edit(edited(user_id, 3))
    turn = await begin(turns, user_id, 3)
    assert turn.answer is None
    assert texts(turn) == ["question 1", "answer 1", "changed 0"]


async def test_a_change_that_comes_in_again_does_not_take_the_new_answer_away(
    turns: TurnStore, user_id: int
) -> None:
    await ask(turns, user_id, 1)
    assert await turns.edit(edited(user_id, 1, minutes=1))
    await ask(turns, user_id, 1)
    assert await turns.edit(edited(user_id, 1, minutes=1))
    assert (await begin(turns, user_id, 1)).answer is not None
    # An older change that was overtaken changes nothing.
    assert not await turns.edit(edited(user_id, 1, minutes=0))
    assert texts(await begin(turns, user_id, 1)) == ["changed 1"]


async def test_only_the_newest_question_can_be_changed_and_only_by_whom_it_belongs_to(
    container: AsyncContainer, turns: TurnStore, user_id: int
) -> None:
    await ask(turns, user_id, 1)
    await ask(turns, user_id, 3)
    other = await meet(container, 2000)
    assert not await turns.edit(edited(user_id, 1))
    assert not await turns.edit(edited(other, 3))
    assert not await turns.edit(edited(user_id, 5))


async def test_an_answer_is_made_anew_once_however_often_the_press_comes_in(
    turns: TurnStore, user_id: int
) -> None:
    await ask(turns, user_id, 1)
    taken = await turns.take_back(user_id, 1, 2)
    assert taken is not None
    question = taken.question
    assert question.text == "question 1"
    turn = await turns.begin(Asked(user_id=user_id, question=question))
    assert turn.answer is None
    answer_id = await turns.save_answer(Answer(turn=turn, text="another", model="scripted"))
    await turns.mark_sent(answer_id, 9)
    assert await turns.take_back(user_id, 1, 2) is not None
    again = await turns.begin(Asked(user_id=user_id, question=question))
    assert again.answer is not None
    assert again.answer.text == "another"


async def test_an_answer_that_was_taken_back_in_vain_is_put_back_where_it_was(
    turns: TurnStore, user_id: int, transaction: Transaction
) -> None:
    place = Place(chat_id=1000, topic_id=5)
    await ask(turns, user_id, 1, place)
    taken = await turns.take_back(user_id, 1, 2)
    assert taken is not None
    # Something else is asked meanwhile.
    await ask(turns, user_id, 3, place)
    for _ in range(2):
        await turns.put_back(taken)
    assert texts(await begin(turns, user_id, 5, place)) == [
        "question 1", "answer 1", "question 3", "answer 3", "whatever",
    ]  # fmt: skip
    # And not of a dialog that is gone.
    async with transaction:
        await transaction.session.execute(delete(Dialog))
    await ask(turns, user_id, 7)
    taken = await turns.take_back(user_id, 7, 8)
    assert taken is not None
    async with transaction:
        await transaction.session.execute(delete(Dialog))
    await turns.put_back(taken)
    assert texts(await begin(turns, user_id, 9)) == ["whatever"]


async def test_an_answer_that_was_taken_back_does_not_take_the_place_of_the_new_one(
    turns: TurnStore, user_id: int
) -> None:
    turn = await ask(turns, user_id, 1)
    taken = await turns.take_back(user_id, 1, 2)
    assert taken is not None
    await turns.save_answer(Answer(turn=turn, text="another", model="scripted"))
    await turns.put_back(taken)
    answer = (await begin(turns, user_id, 1)).answer
    assert answer is not None
    assert answer.text == "another"


def album(text: str, *ids: str) -> Question:
    images = tuple(ImageRef(file_id=f"{one}{text}", mime_type="image/jpeg", unique_id=one) for one in ids)
    return Question(
        text=text,
        telegram_message_id=1,
        images=images,
        media_group_id="g",
        album=tuple(range(1, len(ids) + 1)),
    )


async def change(turns: TurnStore, user_id: int, question: Question) -> Question | None:
    return await turns.edit(Edited(user_id=user_id, question=question, place=None, at=_NOON))


async def test_a_changed_caption_leaves_an_album_all_its_pictures(turns: TurnStore, user_id: int) -> None:
    turn = await turns.begin(Asked(user_id=user_id, question=album("Who?", "A", "B", "C")))
    await turns.save_answer(Answer(turn=turn, text="Cats.", model="scripted"))
    # Of all messages of an album only the one that was changed comes again.
    assert await change(turns, user_id, album("Who?", "A")) is None
    question = await change(turns, user_id, album("Where?", "A"))
    assert question is not None
    assert question.album == (1, 2, 3)
    turn = await turns.begin(Asked(user_id=user_id, question=question))
    assert texts(turn) == ["Where?"]
    assert [one.file_id for one in turn.context[-1].images] == ["AWhere?", "BWho?", "CWho?"]


async def test_another_picture_is_a_change_though_its_words_stay(turns: TurnStore, user_id: int) -> None:
    turn = await turns.begin(Asked(user_id=user_id, question=album("Who?", "A")))
    await turns.save_answer(Answer(turn=turn, text="A cat.", model="scripted"))
    assert await change(turns, user_id, album("Who?", "A")) is None
    assert await change(turns, user_id, album("Who?", "D")) is not None


async def test_a_changed_caption_does_not_lose_the_words_of_an_album_of_files(
    turns: TurnStore, user_id: int
) -> None:
    files = Question(text="two files", telegram_message_id=1, media_group_id="g", album=(1, 2))
    turn = await turns.begin(Asked(user_id=user_id, question=files))
    await turns.save_answer(Answer(turn=turn, text="Read.", model="scripted"))
    assert await change(turns, user_id, replace(files, text="one file", album=(1,))) is None
    assert (await turns.begin(Asked(user_id=user_id, question=files))).answer is not None


async def test_an_answer_that_others_stand_on_stays(
    container: AsyncContainer, turns: TurnStore, user_id: int
) -> None:
    await ask(turns, user_id, 1)
    await ask(turns, user_id, 3)
    assert await turns.take_back(user_id, 1, 2) is None
    assert await turns.take_back(await meet(container, 2000), 3, 4) is None
    assert (await begin(turns, user_id, 1)).answer is not None


async def test_a_dialog_that_is_deleted_while_it_is_answered_keeps_no_answer(
    turns: TurnStore, user_id: int, transaction: Transaction
) -> None:
    turn = await begin(turns, user_id, 1)
    async with transaction:
        await transaction.session.execute(delete(Dialog))
    with pytest.raises(AnswerStoppedError):
        await turns.save_answer(Answer(turn=turn, text="too late", model="scripted"))


async def test_each_group_and_each_topic_has_a_dialog_of_its_own_that_its_people_share(
    container: AsyncContainer, turns: TurnStore, user_id: int
) -> None:
    other = await meet(container, 2000)
    group, topic = Place(chat_id=-100), Place(chat_id=-100, topic_id=7)
    await ask(turns, user_id, 1)
    await ask(turns, user_id, 1, group, author="Anna")
    await ask(turns, other, 3, group, author="Ben")
    await ask(turns, other, 5, topic, author="Ben")
    turn = await begin(turns, user_id, 11, group)
    assert texts(turn) == ["question 1", "answer 1", "question 3", "answer 3", "whatever"]
    assert [said.author for said in turn.context] == ["Anna", None, "Ben", None, None]
    assert texts(await begin(turns, user_id, 11, topic)) == ["question 5", "answer 5", "whatever"]
    assert texts(await begin(turns, user_id, 11)) == ["question 1", "answer 1", "whatever"]
    assert texts(await begin(turns, other, 11)) == ["whatever"]


async def test_topics_of_a_private_chat_are_dialogs_of_their_person(
    turns: TurnStore, user_id: int, transaction: Transaction
) -> None:
    topic = Place(chat_id=1000, topic_id=5)
    turn = await ask(turns, user_id, 1, topic)
    await ask(turns, user_id, 3)
    async with transaction:
        dialog = await transaction.session.get_one(Dialog, turn.dialog_id)
        assert (dialog.user_id, dialog.is_current) == (user_id, False)
    assert await turns.edit(edited(user_id, 1, place=topic))
    assert texts(await begin(turns, user_id, 1, topic)) == ["changed 0"]
    assert await turns.take_back(user_id, 1, 2) is not None


async def test_pictures_are_remembered_with_their_question(turns: TurnStore, user_id: int) -> None:
    picture = ImageRef(file_id="AgAC", mime_type="image/jpeg", width=640, height=480)
    question = Question(text="What is it?", telegram_message_id=1, images=(picture,), media_group_id="1")
    turn = await turns.begin(Asked(user_id=user_id, question=question))
    assert turn.context[-1].images == (picture,)
    await turns.save_answer(Answer(turn=turn, text="A cat.", model="scripted"))
    later = await begin(turns, user_id, 3)
    assert [said.images for said in later.context] == [(picture,), (), ()]
    assert await turns.take_back(user_id, 3, 4) is not None


@pytest.mark.parametrize("how", ["again", "changed"])
async def test_what_was_stopped_can_be_asked_again_and_be_stopped_again(
    container: AsyncContainer, turns: TurnStore, user_id: int, how: str
) -> None:
    stops = await container.get(StopService)
    await ask(turns, user_id, 1)
    await stops.stop(user_id, 1)
    assert (await begin(turns, user_id, 1)).is_stopped

    async def once_more() -> None:
        if how == "again":
            assert await turns.take_back(user_id, 1, 2) is not None
        else:
            assert await turns.edit(edited(user_id, 1))

    await once_more()
    assert not (await begin(turns, user_id, 1)).is_stopped
    await stops.stop(user_id, 1)
    # The same press, or change, comes in again after a crash.
    await once_more()
    assert (await begin(turns, user_id, 1)).is_stopped
