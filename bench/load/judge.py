"""Compares what people wrote with what reached their chats: nothing lost, nothing doubled, all in order."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.load.people import Kind
from vitte.bot.texts import LANGUAGES, texts_for

_NUMBER = re.compile(r"You said: q(\d+)\b")
_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Written:
    """A message of a person: its number in the run, its id at Telegram, and when it was written (Unix s)."""

    number: int
    chat_id: int
    message_id: int
    kind: Kind
    at: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the bot; `number` is that of the question it answers.

    `kind` None is a text that answers nothing: an apology, or a notice alone that an answer was stopped.
    """

    at: float
    kind: Kind | None
    number: int | None = None
    is_stopped: bool = False
    is_broken: bool = False
    """Whether it says that the answer broke off."""
    text: str = ""


class Reader:
    """Tells from its text what a message of the bot answers."""

    def __init__(self) -> None:
        self._stopped: tuple[str, ...] = ()
        self._broken: list[str] = []
        self._begins: list[tuple[str, Kind]] = []
        for texts in map(texts_for, LANGUAGES):
            self._stopped += (texts.get("answer-stopped"),)
            self._broken.append(texts.get("notice-cut").partition("{")[0])
            for key, kind in (
                ("greeting", Kind.START),
                ("help", Kind.HELP),
                ("status", Kind.STATUS),
                ("nothing-to-stop", Kind.STOP),
            ):
                # Up to the first thing that is told of a person.
                self._begins.append((texts.get(key).partition("{")[0], kind))

    def read(self, text: str, *, at: float) -> Sent:
        """Return what the text is."""
        is_stopped = text.endswith(self._stopped)
        if found := _NUMBER.match(text):
            is_broken = any(notice in text for notice in self._broken)
            return Sent(at, Kind.QUESTION, int(found.group(1)), is_stopped, is_broken, text[-80:])
        for begin, kind in self._begins:
            if text.startswith(begin):
                return Sent(at, kind)
        return Sent(at, None, is_stopped=is_stopped, text=text[:80])


@dataclass(kw_only=True)
class Verdict:
    """What became of all messages. Every count has to be 0."""

    written: int = 0
    lost: int = 0
    """Messages without an answer."""
    doubled: int = 0
    """Answers beyond one for each message."""
    disordered: int = 0
    """Chats with an answer before that of an earlier message."""
    apologies: int = 0
    """Texts that answer nothing, such as that the model is away, and answers that broke off."""
    late_stops: int = 0
    """Answers that came in full after a /stop, which had come too late. No fault, if they are few."""
    examples: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.disordered or self.apologies)

    def note(self, example: str) -> None:
        """Keep an example of what is wrong, if there are not enough yet."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


_Token = tuple[Kind, int | None]


def judge(written: Iterable[Written], sent: Mapping[int, Sequence[Sent]]) -> Verdict:
    """Judge every chat; `sent` are the bot's messages by chat, in the order in which they were sent."""
    chats: dict[int, list[Written]] = {chat_id: [] for chat_id in sent}
    for message in written:
        chats.setdefault(message.chat_id, []).append(message)
    verdict = Verdict()
    for chat_id, messages in chats.items():
        verdict.written += len(messages)
        _judge_chat(chat_id, messages, list(sent.get(chat_id, ())), verdict)
    return verdict


def _judge_chat(chat_id: int, messages: list[Written], sent: list[Sent], verdict: Verdict) -> None:
    sent = claim_notices(messages, sent)
    expected = [_token(one.kind, one.number) for one in messages if one.kind is not Kind.STOP]
    seen = [
        _token(one.kind, one.number) for one in sent if one.kind is not None and one.kind is not Kind.STOP
    ]
    lost, doubled = Counter(expected) - Counter(seen), Counter(seen) - Counter(expected)
    if lost:
        verdict.lost += lost.total()
        verdict.note(f"chat {chat_id}: no answer to {_names(lost)}")
    if doubled:
        verdict.doubled += doubled.total()
        verdict.note(f"chat {chat_id}: answered more than once: {_names(doubled)}")
    common = Counter(expected) & Counter(seen)
    if _first(seen, common) != _first(expected, common):
        verdict.disordered += 1
        verdict.note(f"chat {chat_id}: out of order: {_names(_first(seen, common))}")
    for one in sent:
        if one.kind is None or one.is_broken:
            verdict.apologies += 1
            verdict.note(f"chat {chat_id}: {one.text!r}")
    _judge_stops(chat_id, messages, sent, verdict)


def claim_notices(messages: list[Written], sent: list[Sent]) -> list[Sent]:
    """Return `sent` with each notice that came alone as the answer of the question that it stopped.

    It comes alone when the answer had no word yet; the question is then the oldest one without an answer
    that a /stop was written after.
    """
    answered = {one.number for one in sent}
    last_stop = max((message.number for message in messages if message.kind is Kind.STOP), default=-1)
    open_questions = [
        message.number
        for message in messages
        if message.kind is Kind.QUESTION and message.number < last_stop and message.number not in answered
    ][::-1]
    return [
        Sent(one.at, Kind.QUESTION, open_questions.pop(), is_stopped=True)
        if one.kind is None and one.is_stopped and open_questions
        else one
        for one in sent
    ]


def _judge_stops(chat_id: int, messages: list[Written], sent: list[Sent], verdict: Verdict) -> None:
    """Each /stop ends an answer, or is told that there is none.

    Or it comes in the moment in which the answer is complete and not stored yet: then the whole answer comes.
    """
    stops = [message for message in messages if message.kind is Kind.STOP]
    effects = sum(one.is_stopped or one.kind is Kind.STOP for one in sent)
    asked = {message.number: message.at for message in messages if message.kind is Kind.QUESTION}
    whole = [(asked[one.number], one.at) for one in sent if one.number in asked and not one.is_stopped]
    missing = len(stops) - effects
    late = sum(any(asked_at < stop.at < sent_at for asked_at, sent_at in whole) for stop in stops)
    verdict.late_stops += max(0, min(missing, late))
    verdict.lost += max(0, missing - late)
    verdict.doubled += max(0, -missing)
    if missing < 0 or missing > late:
        verdict.note(f"chat {chat_id}: {effects} effects of {len(stops)} times /stop")


def _token(kind: Kind, number: int | None) -> _Token:
    return (kind, number if kind is Kind.QUESTION else None)


def _first(tokens: list[_Token], counts: Counter[_Token]) -> list[_Token]:
    """Return the tokens in their order, each as often as `counts` says at most."""
    left = counts.copy()
    kept = []
    for token in tokens:
        if left[token] > 0:
            left[token] -= 1
            kept.append(token)
    return kept


def _names(tokens: Iterable[_Token]) -> str:
    return ", ".join(str(kind) if number is None else f"q{number}" for kind, number in tokens)
