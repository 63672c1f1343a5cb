"""Texts for people."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import vitte
from vitte.bot.texts import LANGUAGES, texts_for
from vitte.core.errors import UnavailableError, VitteError

SOURCE = Path(vitte.__file__).parent


def catalogue(language: str) -> dict[str, str]:
    with (SOURCE / "bot" / "locales" / language / "vitte.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file, locale=language) if entry.id}


def all_errors(kind: type[VitteError] = VitteError) -> list[type[VitteError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in all_errors(child))]


def test_the_greeting_is_the_one_people_know() -> None:
    assert texts_for("ru").get("greeting", name="Анна") == (
        "👋 Привет, Анна!\nЯ бот Vitte — твой AI-ассистент.\nИспользуй /help для списка команд."
    )


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("RU_ru", "ru"), ("en", "en"), ("de", "en"), ("", "en"), (None, "en")],
)
def test_a_person_is_spoken_to_in_their_language_or_in_english(code: str | None, language: str) -> None:
    assert texts_for(code).language == language


def test_every_language_has_every_text_with_the_same_placeholders() -> None:
    first, *others = (catalogue(language) for language in LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
        for key, text in first.items():
            assert text
            assert other[key]
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", other[key])), key


def test_every_text_the_code_asks_for_is_there() -> None:
    asked = {error.text_key for error in all_errors()}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get"
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "texts"
                and isinstance(node.args[0], ast.Constant)
            ):
                asked.add(str(node.args[0].value))
    assert "greeting" in asked
    assert asked <= catalogue("en").keys()


def test_a_missing_text_is_an_error_and_not_shown_to_people() -> None:
    with pytest.raises(KeyError):
        texts_for("en").get("no-such-text")


def test_an_error_is_told_in_the_persons_language() -> None:
    assert texts_for("ru").of_error(UnavailableError()).startswith("Сейчас")
