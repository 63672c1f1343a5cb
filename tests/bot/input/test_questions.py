"""People send the bot more than words."""

import pytest

from tests.bot.input.conftest import Ear
from tests.clients.documents.files import docx, encrypted_pdf, pdf, xlsx
from tests.sandbox.pictures import png
from tests.sandbox.recordings import mp3, mp4, opus
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.model import Json
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = [
    pytest.mark.usefixtures("ear", "bot"),
    pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True),
]


async def answered(person: SandboxPerson, sent: Json) -> Json:
    return await person.wait_for_message("You said", after=sent["message_id"])


async def refused(person: SandboxPerson, sent: Json) -> str:
    return str((await person.wait_for_message(after=sent["message_id"]))["text"])


def asked(model: Script) -> str:
    return str(model.requests[-1]["messages"][-1]["content"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("contract.pdf", pdf("Rent is 900 euros"), "Rent is 900 euros"),
        ("letter.docx", docx("Дорогая Анна"), "Дорогая Анна"),
        ("money.xlsx", xlsx({"May": [["rent", 900]]}), "# May\nrent\t900"),
        ("data.csv", "имя;возраст\nАнна;30".encode("cp1251"), "имя;возраст\nАнна;30"),
        ("main.py", b"print('hello')\n", "print('hello')"),
    ],
)
async def test_a_question_about_a_file_is_answered_from_its_words(
    anna: SandboxPerson, model: Script, name: str, content: bytes, words: str
) -> None:
    sent = await anna.send_document(content, name=name, caption="Что здесь?")
    await answered(anna, sent)
    assert asked(model).startswith("Что здесь?\n\n[File “" + name)
    assert words in asked(model)
    assert "only its beginning" not in asked(model)


async def test_a_long_file_is_cut_and_both_the_person_and_the_model_know(
    anna: SandboxPerson, model: Script
) -> None:
    sent = await anna.send_document(b"word " * 20_000, name="book.txt")
    note = await anna.wait_for_message("✂️", after=sent["message_id"])
    assert "book.txt" in note["text"]
    await answered(anna, sent)
    assert "[File “book.txt”, only its beginning:]" in asked(model)
    assert len(asked(model)) < 25_000


@pytest.mark.parametrize(
    ("name", "content", "ru", "en"),
    [
        ("a.zip", b"PK\x03\x04", "Не умею читать «a.zip»", "cannot read “a.zip”"),
        ("a.pdf", encrypted_pdf("x", password="p"), "защищён паролем", "locked with a password"),
        ("a.pdf", pdf(""), "нет текста", "no text"),
        ("a.pdf", b"%PDF-1.4 broken", "Не получилось открыть", "could not open"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told_with_its_reason_in_the_persons_language(
    anna: SandboxPerson, ben: SandboxPerson, model: Script, name: str, content: bytes, ru: str, en: str
) -> None:
    for person, sentence in ((anna, ru), (ben, en)):
        sent = await person.send_document(content, name=name, caption="Sum it up")
        assert sentence in await refused(person, sent)
    assert model.requests == []


async def test_a_file_beyond_telegrams_limit_is_refused_without_a_call(
    anna: SandboxPerson, sandbox: RunningSandbox
) -> None:
    sent = await anna.send_document(bytes((20 << 20) + 1), name="big.txt")
    assert "слишком большой: я принимаю файлы до 20 МБ" in await refused(anna, sent)
    assert await sandbox.calls(method="getFile") == []


async def test_a_voice_message_is_quoted_and_then_answered(
    anna: SandboxPerson, model: Script, ear: Ear
) -> None:
    sent = await anna.send_voice(opus())
    echo = await anna.wait_for_message("🎙", after=sent["message_id"])
    assert echo["text"] == "🎙 What is the weather like?"
    assert echo["entities"] == [{"type": "blockquote", "offset": 0, "length": 28}]
    answer = await answered(anna, sent)
    assert answer["message_id"] > echo["message_id"]
    assert asked(model) == "What is the weather like?"
    assert ear.heard == [(opus(), "audio/ogg")]


async def test_a_recording_whose_update_comes_again_is_neither_heard_nor_quoted_again(
    anna: SandboxPerson, model: Script, ear: Ear, sandbox: RunningSandbox
) -> None:
    sent = await anna.send_voice(opus())
    await answered(anna, sent)
    chat = sandbox.world.chat(42, anna.id)
    assert chat is not None
    again = sandbox.world.telegram_message(chat.messages[sent["message_id"]])
    await sandbox.inject([{"message": again}])
    await answered(anna, await anna.send("and now?"))
    assert len(ear.heard) == 1
    assert len(model.requests) == 2
    assert sum("🎙" in message.get("text", "") for message in anna.messages.values()) == 1


async def test_music_and_video_messages_are_heard_too(anna: SandboxPerson, ear: Ear) -> None:
    await answered(anna, await anna.send_audio(mp3(), name="song.mp3"))
    await answered(anna, await anna.send_video_note(mp4()))
    assert ear.heard == [(mp3(), "audio/mpeg"), (mp4(), "video/mp4")]


async def test_without_anybody_who_hears_a_voice_message_is_declined_plainly(
    anna: SandboxPerson, ear: Ear, sandbox: RunningSandbox
) -> None:
    ear.model = ""
    assert "Голосовые я пока не слышу" in await refused(anna, await anna.send_voice(opus()))
    assert await sandbox.calls(method="getFile") == []


async def test_a_recording_without_a_word_is_told_of(ben: SandboxPerson, model: Script, ear: Ear) -> None:
    ear.says = " "
    assert "did not hear a word" in await refused(ben, await ben.send_voice(opus()))
    assert model.requests == []


async def test_a_photo_for_a_model_that_sees_nothing_is_declined_plainly(
    anna: SandboxPerson, model: Script
) -> None:
    assert "не видит картинок" in await refused(anna, await anna.send_photo(png(), caption="Кто это?"))
    sent = await anna.send_document(png(), name="a.png")
    assert "не видит картинок" in await refused(anna, sent)
    assert model.requests == []


async def test_a_reply_carries_what_it_replies_to(anna: SandboxPerson, model: Script) -> None:
    said = await anna.ask("bread and butter")
    await answered(anna, await anna.send("why?", reply_to=said["message_id"]))
    assert asked(model) == "[In reply to what you said:]\n> You said: bread and butter\n\nwhy?"
    await answered(anna, await anna.send("which?", reply_to=said["message_id"], quote="butter"))
    assert asked(model) == "[In reply to what you said:]\n> butter\n\nwhich?"
    own = await anna.send("my own words")
    await answered(anna, own)
    await answered(anna, await anna.send("and this?", reply_to=own["message_id"]))
    assert asked(model) == "[In reply to this:]\n> my own words\n\nand this?"


async def test_a_forwarded_message_names_who_said_it(anna: SandboxPerson, model: Script) -> None:
    origin = {"type": "hidden_user", "sender_user_name": "Carl"}
    await answered(anna, await anna.forward("See you at six", origin=origin))
    assert asked(model) == "[Forwarded from Carl]\n\nSee you at six"


async def test_a_place_is_asked_in_words(anna: SandboxPerson, model: Script, sandbox: RunningSandbox) -> None:
    sent = await anna.send("hello")
    await answered(anna, sent)
    await inject(sandbox, anna, location={"latitude": 55.75, "longitude": 37.61})
    await anna.wait_for_message("55.75")
    assert asked(model) == "[Location: 55.750000, 37.610000]"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"video": {"width": 1, "height": 1, "duration": 1}}, "videos"),
        ({"animation": {"width": 1, "height": 1, "duration": 1}}, "GIFs"),
        ({"story": {"chat": {"id": 5, "type": "private"}, "id": 1}}, "stories"),
        ({"game": {"title": "t", "description": "d", "photo": []}}, "games"),
        ({"paid_media": {"star_count": 1, "paid_media": []}}, "paid posts"),
    ],
)
async def test_what_the_bot_cannot_take_is_named(
    ben: SandboxPerson, sandbox: RunningSandbox, model: Script, content: Json, name: str
) -> None:
    for value in content.values():
        if "duration" in value:
            value.update(file_id="F", file_unique_id="U")
    await ben.ask("/start")
    await inject(sandbox, ben, **content)
    assert f"I cannot take {name} yet" in (await ben.wait_for_message("cannot take"))["text"]
    assert model.requests == []


async def test_plain_words_cost_no_statement_and_no_call_more(
    anna: SandboxPerson, sandbox: RunningSandbox, statements: list[str]
) -> None:
    await anna.ask("one")
    statements.clear()
    await anna.ask("two")
    assert not any("media_group_id" in statement for statement in statements)
    assert await sandbox.calls(method="getFile") == []


async def inject(sandbox: RunningSandbox, person: SandboxPerson, **content: object) -> None:
    user = {"id": person.id, "is_bot": False, "first_name": "Ben", "language_code": "en"}
    chat = {"id": person.id, "type": "private", "first_name": "Ben"}
    message = {"message_id": 10_000, "date": 1_700_000_000, "chat": chat, "from": user, **content}
    await sandbox.inject([{"message": message}])
