"""How long people wait: to the first sign of life, to the first words, to the whole answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.load.judge import Sent, Written, claim_notices
from bench.load.people import Kind
from bench.load.sightings import Chat


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of many waits."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Return the spread; zeros of nothing."""
        ordered = sorted(values)
        if not ordered:
            return cls(0, 0.0, 0.0, 0.0, 0.0)
        last = len(ordered) - 1

        def at(share: float) -> float:
            return ordered[min(last, int(share * len(ordered)))]

        return cls(len(ordered), at(0.5), at(0.95), at(0.99), ordered[-1])


@dataclass(kw_only=True)
class Waits:
    """Waits in seconds, each from when it was the message's turn: when it was written, or when the answer to
    the one before it had come, for a chat is served in order.
    """

    first_sign: list[float] = field(default_factory=list)
    """Of a question: "typing", a draft, or the answer itself, whatever came first."""
    first_words: list[float] = field(default_factory=list)
    """Of a question: the first draft, or the answer."""
    answer: list[float] = field(default_factory=list)
    """Of a question: the answer, if it was not stopped."""
    overhead: list[float] = field(default_factory=list)
    """Of a question: what of that the model did not take."""
    since_written: list[float] = field(default_factory=list)
    """Of a question: the answer, from writing it on, however many came before it."""
    command: list[float] = field(default_factory=list)
    """Of a command: its answer."""

    def spreads(self) -> dict[str, Spread]:
        """Return each as it is printed."""
        return {
            "question: first sign of life": Spread.of(self.first_sign),
            "question: first words": Spread.of(self.first_words),
            "question: whole answer": Spread.of(self.answer),
            "  of that not the model's": Spread.of(self.overhead),
            "  since it was written": Spread.of(self.since_written),
            "command: answer": Spread.of(self.command),
        }


def measure(
    written: Iterable[Written], chats: Mapping[int, Chat], *, model_seconds: Mapping[int, float]
) -> Waits:
    """Return the waits of all messages; `model_seconds` is what the model took, by a question's number."""
    by_chat: dict[int, list[Written]] = {}
    for message in written:
        by_chat.setdefault(message.chat_id, []).append(message)
    waits = Waits()
    for chat_id, messages in by_chat.items():
        if chat_id in chats:
            _measure_chat(messages, chats[chat_id], waits, model_seconds)
    return waits


def _measure_chat(
    messages: list[Written], chat: Chat, waits: Waits, model_seconds: Mapping[int, float]
) -> None:
    answers = _Answers(claim_notices(messages, chat.sent))
    turn = 0.0
    for message in messages:
        if message.kind is Kind.STOP:
            continue
        answer = answers.to(message)
        if answer is None:
            continue
        turn = max(turn, message.at)
        if message.kind is Kind.QUESTION:
            _measure_question(message, answer, turn, chat, waits, model_seconds.get(message.number))
        else:
            waits.command.append(answer.at - turn)
        turn = max(turn, answer.at)


def _measure_question(
    message: Written, answer: Sent, turn: float, chat: Chat, waits: Waits, model: float | None
) -> None:
    words = min(chat.drafts.get(message.message_id, answer.at), answer.at)
    sign = next((at for at in chat.typing if turn <= at < words), words)
    waits.first_sign.append(sign - turn)
    waits.first_words.append(words - turn)
    if not answer.is_stopped:
        waits.answer.append(answer.at - turn)
        waits.since_written.append(answer.at - message.at)
        if model is not None:
            waits.overhead.append(answer.at - turn - model)


class _Answers:
    """Finds the answer to each message of a chat; commands of one kind get theirs in order."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        self._to_questions: dict[Any, Sent] = {}
        self._to_commands: dict[Kind, list[Sent]] = {}
        for one in sent:
            if one.kind is Kind.QUESTION:
                self._to_questions.setdefault(one.number, one)
            elif one.kind is not None:
                self._to_commands.setdefault(one.kind, []).append(one)

    def to(self, message: Written) -> Sent | None:
        if message.kind is Kind.QUESTION:
            return self._to_questions.get(message.number)
        found = self._to_commands.get(message.kind)
        return found.pop(0) if found else None
