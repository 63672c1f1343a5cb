"""Compares what people asked with what was done: sent by the sandbox's log, stored by the database."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.crowd import Asked
from vitte.sandbox.calllog import CallLog
from vitte.sandbox.model import Json

_ANSWER = re.compile(r"You said: q(\d+)\b")
_RETRY_AFTER = re.compile(r"retry after (\d+)")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that reached its chat. `number` is that of the question it answers, None for a sentence."""

    chat_id: int
    number: int | None
    at: float
    text: str


class Witness:
    """What the sandbox saw. `look` before asking."""

    def __init__(self, log: CallLog) -> None:
        self.sent: list[Sent] = []
        self.answered: set[int] = set()
        self.calls: list[Json] = []
        """Every call but getUpdates, in the order in which they ended."""
        self._log = log
        self._seq = 0

    def look(self) -> None:
        """Take in what is new in the log."""
        for line in self._log.lines(after=self._seq):
            self._seq = line["seq"]
            if line["method"] == "getUpdates":
                continue
            self.calls.append(line)
            if line["method"] == "sendMessage" and line["status"] == 200:
                self._note(line)

    def redelivered(self) -> int:
        """Return how many updates were handed to the bot more than once."""
        handed = Counter(
            line["update_id"] for line in self._log.lines(kind="delivery") if line["confirmed"] is None
        )
        return sum(1 for count in handed.values() if count > 1)

    def calls_into_a_pause(self) -> int:
        """Return how many calls to a chat began before the pause was over that a 429 had asked for."""
        pauses: dict[int, list[tuple[float, float]]] = defaultdict(list)
        early = 0
        for line in self.calls:
            chat_id, began = line["chat_id"], line["ts"] - line["duration_ms"] / 1000
            early += any(asked <= began < until for asked, until in pauses[chat_id])
            if line["status"] == 429 and (found := _RETRY_AFTER.search(line["error"])):
                pauses[chat_id].append((line["ts"], line["ts"] + int(found.group(1))))
        return early

    def _note(self, line: Json) -> None:
        said = line["params"]["text"]
        found = _ANSWER.match(said)
        number = int(found.group(1)) if found else None
        self.sent.append(Sent(line["chat_id"], number, line["ts"], said))
        if number is not None:
            self.answered.add(number)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds: rows by question number, and updates by their state."""

    questions: Counter[int]
    answers: Counter[int]
    updates: Mapping[str, int]


async def read_stored(engine: AsyncEngine) -> Stored:
    """Read the database."""
    rows: dict[str, Counter[int]] = {"user": Counter(), "assistant": Counter()}
    async with engine.connect() as connection:
        for role, content in await connection.execute(text("SELECT role, text FROM messages")):
            if found := re.search(r"\bq(\d+)\b", content):
                rows[role][int(found.group(1))] += 1
        states = await connection.execute(text("SELECT state, count(*) FROM inbox_updates GROUP BY state"))
        updates = {str(state): int(count) for state, count in states}
    return Stored(rows["user"], rows["assistant"], updates)


@dataclass(kw_only=True)
class Figures:
    """What a row of the table says. Seconds where nothing else is said; counts are of questions."""

    asked: int
    lost: int
    """Questions without their row, without an answer's row, or never answered in the chat."""
    doubled: int
    """Rows of questions and answers beyond one each."""
    repeated: int
    """Answers sent again."""
    disordered: int
    """Chats where an answer came after that of a later question."""
    p95: float
    worst: float
    notes: list[str] = field(default_factory=list)


def examine(
    asked: Sequence[Asked], witness: Witness, stored: Stored, *, excused: Collection[int] = ()
) -> Figures:
    """Return the figures of these questions; `excused` are those that nobody could be told the answer of."""
    witness.look()
    numbers = {question.number for question in asked}
    sends: Counter[int] = Counter()
    order: dict[int, list[int]] = defaultdict(list)
    first: dict[int, float] = {}
    for sent in witness.sent:
        if sent.number in numbers:
            sends[sent.number] += 1
            order[sent.chat_id].append(sent.number)
            first.setdefault(sent.number, sent.at)
    waits = [first[question.number] - question.at for question in asked if question.number in first]
    return Figures(
        asked=len(asked),
        lost=sum(
            1
            for number in numbers
            if not (
                stored.questions[number] and stored.answers[number] and (sends[number] or number in excused)
            )
        ),
        doubled=sum(
            max(0, rows[number] - 1) for rows in (stored.questions, stored.answers) for number in numbers
        ),
        repeated=sum(count - 1 for count in sends.values()),
        disordered=sum(1 for answers in order.values() if answers != sorted(answers)),
        p95=percentile(waits, 0.95),
        worst=max(waits, default=0.0),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that `share` of them do not exceed; 0 when there are none."""
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
