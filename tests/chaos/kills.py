"""Ends of the bot's process, orderly and not. The same for the real bot and the naive one."""

from dataclasses import dataclass

from tests.chaos.board import Row
from tests.chaos.crowd import Asked
from tests.chaos.proxy import FaultProxy
from tests.chaos.stage import Stage, StagedProcess, until
from tests.patience import PATIENCE
from vitte.sandbox.model import Person

STOP_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long answers take: seconds a word, and words of a short and of a long question."""

    word: float
    short: int
    long: int


async def kill_in_the_middle(
    stage: Stage, row: Row, *, people: list[Person], kills: int, bot: StagedProcess
) -> StagedProcess:
    """SIGKILL with a question of everybody in flight, each time a little later; return the next bot.

    Everybody asks twice at once, so that one question of each chat waits behind another.
    """
    stage.script.between_tokens = 0.3
    asked: list[Asked] = []
    in_flight = 0
    for kill in range(kills):
        round_begins = len(stage.witness.answered)
        seen = len(stage.script.requests)
        asked += [stage.crowd.ask(person) for person in (*people, *people)]
        enough = round_begins + len(people) * kill // kills
        await stage.asked_of_the_model(seen + len(people))
        await stage.have_answers(enough)
        bot.kill()
        in_flight += await stage.in_flight()
        bot = await stage.start_bot()
        await stage.settle(asked)
    row.notes.append(f"{in_flight} in flight at {kills} kills")
    row.require_nothing_wrong(await stage.examine(asked), repeats=in_flight)
    return bot


async def stop_in_the_middle(
    stage: Stage, row: Row, *, people: list[Person], pace: Pace, bot: StagedProcess
) -> StagedProcess:
    """SIGTERM while answers stream; half of them take longer than a bot may take to stop. Return the next."""
    stage.script.between_tokens = pace.word
    seen = len(stage.script.requests)
    asked = [
        stage.crowd.ask(person, words=pace.long if index % 2 else pace.short)
        for index, person in enumerate(people)
    ]
    await stage.asked_of_the_model(seen + len(people))
    seconds = await bot.terminate(within=STOP_WITHIN + 5)
    row.notes.append(f"stopped in {seconds:.1f} s")
    row.require(seconds <= STOP_WITHIN, f"the stop took {seconds:.1f} s")
    row.require(bot.child.returncode == 0, f"the bot {bot.child.ending()}")
    bot = await stage.start_bot()
    await stage.settle(asked)
    row.require_nothing_wrong(await stage.examine(asked))
    return bot


async def kill_before_the_acknowledgement(
    stage: Stage, row: Row, *, people: list[Person], kills: int, bot: StagedProcess, proxy: FaultProxy
) -> StagedProcess:
    """SIGKILL after updates were stored and before Telegram hears of it; return the next bot.

    Telegram then delivers all of them again: to a bot that has answered some, all or none.
    """
    stage.script.between_tokens = 0.2
    asked: list[Asked] = []
    in_flight = 0
    for kill in range(kills):
        before, share = len(stage.witness.answered), (kill + 1) / (kills + 1)
        proxy.lose(b"/getUpdates")
        asked += [stage.crowd.ask(person) for person in people]
        enough = before + int(len(people) * share)
        await until(proxy.lost.is_set, timeout=PATIENCE, what="the acknowledgement is on its way")
        await stage.have_answers(enough)
        bot.kill()
        in_flight += await stage.in_flight()
        proxy.pass_all()
        bot = await stage.start_bot()
        await stage.settle(asked)
    redelivered = stage.witness.redelivered()
    row.notes.append(f"{redelivered} updates came again")
    row.require(redelivered > 0, "no update came again, so nothing was tried")
    row.require_nothing_wrong(await stage.examine(asked), repeats=in_flight)
    return bot
