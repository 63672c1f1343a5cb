"""Whatever a model writes arrives: nothing is refused, no word lost, and no link leads where it must not."""

import asyncio
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from tests.bot.formatting.markdown import documents
from tests.bot.formatting.words import words_of
from vitte.bot.formatting import Piece, draft_piece, message_pieces
from vitte.sandbox.sandbox import Sandbox
from vitte.sandbox.settings import SandboxLimits, SandboxSettings

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*.txt"))
_ALLOWED = re.compile(r"https?://|tg://user\?id=\d+$|(?!.*://)", re.IGNORECASE)

Json = dict[str, Any]


@dataclass
class Telegram:
    """The sandbox without its HTTP, called at once."""

    run: Callable[[str, Json], Json]
    chat_id: int

    def takes(self, piece: Piece, method: str = "sendMessage", **params: Any) -> Json:
        entities = [entity.model_dump(exclude_none=True) for entity in piece.entities]
        raw = {"chat_id": self.chat_id, "text": piece.text, "entities": entities, **params}
        answer = self.run(method, orjson.loads(orjson.dumps(raw)))
        assert answer["ok"], (answer, piece)
        result = answer["result"]
        return result if isinstance(result, dict) else {}


@pytest.fixture(scope="module")
def telegram() -> Iterator[Telegram]:
    with asyncio.Runner() as runner:

        async def make() -> Sandbox:
            return Sandbox(SandboxSettings(limits=SandboxLimits(enabled=False), history_per_chat=100))

        sandbox = runner.run(make())
        person = sandbox.world.add_person(
            first_name="Anna", last_name=None, username=None, language_code="ru"
        )
        sandbox.world.private_chat(sandbox.world.bot(42), person).started = True

        def run(method: str, raw: Json) -> Json:
            answer = runner.run(sandbox.dispatcher.run(42, method, raw, {}))
            result: Json = orjson.loads(answer.body)
            return result

        yield Telegram(run, person.id)
        runner.run(sandbox.stop())


def check(telegram: Telegram, markdown: str) -> None:
    arrived = ""
    pieces = message_pieces(markdown)
    for piece in pieces:
        message = telegram.takes(piece)
        text, entities = message["text"], message.get("entities", [])
        check_entities(piece)
        check_links(text, entities)
        arrived += text + " ".join(entity.get("language", "") for entity in entities)
    assert set(words_of(markdown)) <= set(words_of(unicodedata.normalize("NFKC", arrived)))


def check_entities(piece: Piece) -> None:
    units = piece.text.encode("utf-16-le")
    assert len(units) <= 2 * 4096
    assert len(piece.entities) <= 100
    for entity in piece.entities:
        begin, end = entity.offset, entity.offset + entity.length
        assert 0 <= begin < end <= len(units) // 2
        # Decoding fails where a pair of surrogates is cut.
        assert units[2 * begin : 2 * end].decode("utf-16-le").strip()


def check_links(text: str, entities: list[Json]) -> None:
    units = text.encode("utf-16-le")
    for entity in entities:
        if entity["type"] == "text_link":
            assert _ALLOWED.match(entity["url"]), entity
        if entity["type"] == "url":
            begin, end = entity["offset"], entity["offset"] + entity["length"]
            url = units[2 * begin : 2 * end].decode("utf-16-le")
            assert _ALLOWED.match(url), url


@settings(max_examples=1000, derandomize=True, database=None)
@given(documents)
def test_no_answer_is_refused_and_none_loses_a_word(telegram: Telegram, markdown: str) -> None:
    check(telegram, markdown)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_answers_as_models_write_them_arrive_whole(telegram: Telegram, path: Path) -> None:
    markdown = path.read_text("utf-8")
    check(telegram, markdown)
    pieces = message_pieces(markdown)
    entities = [entity for piece in pieces for entity in piece.entities]
    carried = " ".join(f"{entity.url} {entity.language}" for entity in entities)
    shown = carried + "".join(piece.text for piece in pieces)
    words = set(re.findall(r"[^\W_]{4,}", html.unescape(markdown)))
    left_out = {"anchor", "mailto", *re.findall(r"\\(\w+)", markdown)}
    missing = {word for word in words - left_out if word not in shown}
    assert not missing


@settings(max_examples=100, derandomize=True, database=None)
@given(documents)
def test_every_draft_of_a_growing_answer_can_be_shown(telegram: Telegram, markdown: str) -> None:
    step = max(1, len(markdown) // 7)
    for end in range(step, len(markdown) + 1, step):
        piece = draft_piece(markdown[:end], status="🔎 Searching")
        assert piece is not None
        check_entities(piece)
        telegram.takes(piece, "sendMessageDraft", draft_id=1)
