"""Texts for people."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import vitte
from vitte.bot.commands import COMMANDS
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


class Keys:
    """What the code says of texts."""

    def __init__(self) -> None:
        self.asked = {error.text_key for error in all_errors()}
        """What is asked for by name."""
        self.made: list[re.Pattern[str]] = []
        """What is asked for by a name that is put together."""
        self.words: set[str] = set()
        """Every string there is: some of them are keys that are kept and asked for later."""
        for path in SOURCE.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                self._see(node)

    def _see(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.words.add(node.value)
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            return
        holder = node.func.value
        if node.func.attr != "get" or not (isinstance(holder, ast.Name) and holder.id.endswith("texts")):
            return
        match node.args[0]:
            case ast.Constant(value=str(key)):
                self.asked.add(key)
            case ast.JoinedStr(values=parts):
                pieces = (
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts
                )
                self.made.append(re.compile("".join(pieces)))
            case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
                self.asked |= {one, other}


@pytest.fixture(scope="module")
def keys() -> Keys:
    """What the code says of texts."""
    return Keys()


def test_every_text_the_code_asks_for_is_there(keys: Keys) -> None:
    assert "greeting" in keys.asked
    for language in LANGUAGES:
        assert keys.asked - catalogue(language).keys() == set(), language


def test_no_text_is_kept_that_nobody_asks_for(keys: Keys) -> None:
    assert any(made.fullmatch("command-start") for made in keys.made)
    unused = {
        key
        for key in catalogue(LANGUAGES[0])
        if key not in keys.asked | keys.words and not any(made.fullmatch(key) for made in keys.made)
    }
    assert unused == set()


def test_every_command_of_the_menu_is_explained_in_the_help() -> None:
    for language in LANGUAGES:
        texts = texts_for(language)
        for command in COMMANDS:
            assert texts.get(f"command-{command}")
            assert f"/{command} — " in texts.get("help")


def test_a_missing_text_is_an_error_and_not_shown_to_people() -> None:
    with pytest.raises(KeyError):
        texts_for("en").get("no-such-text")


def test_an_error_is_told_in_the_persons_language() -> None:
    assert texts_for("ru").of_error(UnavailableError()).startswith("Сейчас")
