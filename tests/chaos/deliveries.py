"""What Telegram may bring. The same for the real bot and the naive one."""

import asyncio
from collections import Counter

from tests.chaos.board import Row
from tests.chaos.crowd import BOT_ID
from tests.chaos.stage import Stage, until, until_async
from tests.patience import PATIENCE
from vitte.sandbox.model import Json, Person

HANDLED_WITHIN = 5.0


async def deliver_three_times(stage: Stage, row: Row, *, people: list[Person]) -> None:
    """Bring a /start and a question of everybody three times each, in any order of the chats."""
    before = len(stage.script.requests)
    starts = [stage.crowd.prepare_start(person) for person in people]
    questions = [stage.crowd.prepare_question(person) for person in people]
    asked = stage.crowd.asked[-len(people) :]
    await stage.sandbox.inject(starts, copies=3, shuffle=True)
    await stage.sandbox.inject(questions, copies=3, shuffle=True)
    await stage.settle(asked)
    greetings = Counter(sent.chat_id for sent in stage.witness.sent if sent.number is None)
    again = sum(greetings.values()) - len(greetings)
    redelivered, thought = stage.witness.redelivered(), len(stage.script.requests) - before
    row.notes.append(f"{redelivered} updates came three times")
    row.require(redelivered == 2 * len(people), "not every update came again, so not all was tried")
    row.require(len(greetings) == len(people), f"{len(people) - len(greetings)} never greeted")
    row.require(again == 0, f"{again} greeted again")
    row.require(thought == len(people), f"the model was asked {thought} times for {len(people)} questions")
    row.require_nothing_wrong(await stage.examine(asked))


async def bring_a_malformed_one(stage: Stage, row: Row, *, people: list[Person]) -> None:
    """Bring an update that no model of the Bot API takes, in the chat of somebody who asks right after it."""
    middle = len(people) // 2
    asked = [stage.crowd.ask(person) for person in people[:middle]]
    await stage.sandbox.inject([_malformed(people[middle])])
    asked += [stage.crowd.ask(person) for person in people[middle:]]
    await stage.settle(asked)
    figures = await stage.examine(asked)
    row.require_nothing_wrong(figures)
    row.require_in_time(figures.worst <= HANDLED_WITHIN, f"the last was answered after {figures.worst:.1f} s")
    dead = await stage.count("SELECT count(*) FROM inbox_updates WHERE state = 'dead'")
    row.require(dead == 1, f"{dead} dead letters")


def _malformed(person: Person) -> Json:
    return {"message": {"message_id": "one", "chat": person.chat(), "from": person.user(), "text": ["?"]}}


async def break_the_model(
    stage: Stage, row: Row, *, people: list[Person], fault: str, deadline: float
) -> None:
    """Everybody asks a model with a fault; each has to hear something final within `deadline` seconds."""
    stage.script.fault = fault  # type: ignore[assignment]  # every caller takes it from the model's own list
    stage.script.between_tokens = 0.5 if fault == "endless" else 0.0
    stage.witness.look()
    before = len(stage.witness.sent)
    asked = [stage.crowd.ask(person, words=4) for person in people]
    heard: dict[int, float] = {}

    def all_have_heard() -> bool:
        stage.witness.look()
        for sent in stage.witness.sent[before:]:
            heard.setdefault(sent.chat_id, sent.at)
        return len(heard) == len(people)

    try:
        await until(all_have_heard, timeout=max(deadline * 3, PATIENCE), what="everybody has heard something")
    except AssertionError:
        row.require(False, f"{fault}: {len(people) - len(heard)} of {len(people)} heard nothing")
    waits = [heard[question.chat_id] - question.at for question in asked if question.chat_id in heard]
    late = sum(1 for wait in waits if wait > deadline)
    row.require_in_time(late == 0, f"{fault}: {late} heard only after {deadline} s")
    row.notes.append(f"{fault} {max(waits, default=0):.1f} s")
    stage.script.fault, stage.script.between_tokens = None, 0.0
    # An endless answer goes on for several messages after its first.
    await until_async(stage.is_idle, timeout=2 * PATIENCE, what="nothing is open any more")


async def refuse_some_messages(
    stage: Stage, row: Row, *, people: list[Person], rate: float, share: float, retry_after: int = 2
) -> None:
    """Answer a share of messages with 429 and as many with 403, after a run of the same people without."""
    asked = await stage.crowd.ask_in_turn(people, rate=rate, count=len(people))
    await stage.settle(asked)
    # The limits that the first run has used up are free again.
    await asyncio.sleep(2)
    asked = await stage.crowd.ask_in_turn(people, rate=rate, count=len(people))
    await stage.settle(asked)
    usual = (await stage.examine(asked)).p95
    before = len(stage.witness.calls)
    await stage.sandbox.add_fault("429", method="sendMessage", rate=share, retry_after=retry_after)
    await stage.sandbox.add_fault("403", method="sendMessage", rate=share)
    await asyncio.sleep(2)
    asked = await stage.crowd.ask_in_turn(people, rate=rate, count=len(people))
    excused: set[int] = set()

    async def is_over() -> bool:
        stage.witness.look()
        refused = {
            line["chat_id"]
            for line in stage.witness.calls[before:]
            if line["status"] == 403 and line["bot_id"] == BOT_ID
        }
        excused.update(question.number for question in asked if question.chat_id in refused)
        told = [question for question in asked if question.number not in excused]
        return stage.is_answered(told) and await stage.is_idle()

    await until_async(is_over, timeout=stage.patience, what="everybody who can be told is told")
    await stage.sandbox.clear_faults()
    paused = {line["chat_id"] for line in stage.witness.calls[before:] if line["status"] == 429}
    others = [question for question in asked if question.chat_id not in paused]
    row.require_nothing_wrong(await stage.examine(asked, excused=excused))
    p95 = (await stage.examine(others, excused=excused)).p95
    early = stage.witness.calls_into_a_pause()
    row.notes.append(f"{len(paused)} chats got 429, {len(excused)} got 403")
    row.notes.append(f"p95 of the others {p95:.2f} s, without faults {usual:.2f} s")
    row.require(bool(paused and excused), "no call was refused, so nothing was tried")
    row.require(early == 0, f"{early} calls into a pause")
    row.require_in_time(p95 <= usual + 0.3, f"p95 of the others rose from {usual:.2f} to {p95:.2f} s")
