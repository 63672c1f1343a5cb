"""The load run tells the truth: a small one ends with nothing wrong, and what is wrong is seen."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bench.load.gauges import Usage, slope
from bench.load.judge import Reader, Sent, Verdict, Written, judge
from bench.load.knee import what_broke, what_is_full
from bench.load.model import Speed
from bench.load.people import Habits, Kind, plan
from bench.load.report import as_json, faults, lines, memory_verdict
from bench.load.run import Load, Result
from bench.load.sightings import Sightings
from bench.load.stage import PRODUCT, staged
from bench.load.waits import Spread
from vitte.bot.texts import texts_for

_CHAT = 7


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_small_run_loses_nothing_and_what_is_then_changed_in_its_log_is_found(tmp_path: Path) -> None:
    speed = Speed(first_token=0.1, tokens_per_second=200, tokens=30)
    habits = Habits(people=12, seconds=3, pause=1.5, new=0.25)
    async with staged(tmp_path, speed=speed) as stage:
        load = Load(stage, model_seconds=speed.seconds, say=lambda _: None)
        result = await load.run(habits)
        assert faults(result) == []
        assert result.is_clean
        assert result.written == len(plan(habits))
        assert result.waits["question: whole answer"].count > 0
        assert set(PRODUCT) <= set(result.usages)
        assert all(result.usages[name].memory_peak > 0 for name in PRODUCT)
        assert any(line.startswith("bot ") for line in lines(result))
        assert orjson.loads(orjson.dumps(as_json(result)))["faults"] == []

        check_what_is_blamed(result)
        log = [line for line in stage.calls.read_bytes().splitlines() if b'"sendMessage"' in line]
        whole = _a_whole_answer(log, load.written)

        def verdict_on(lines: list[bytes]) -> Verdict:
            path = tmp_path / f"changed-{len(list(tmp_path.iterdir()))}.jsonl"
            path.write_bytes(b"\n".join([*lines, b""]))
            sightings = Sightings(path)
            sightings.look()
            return judge(load.written, {chat: seen.sent for chat, seen in sightings.chats.items()})

        assert verdict_on(log).is_clean
        assert verdict_on([line for line in log if line != whole]).lost == 1
        assert verdict_on([*log, whole]).doubled == 1
        assert verdict_on(log[::-1]).disordered > 0


def check_what_is_blamed(result: Result) -> None:
    """Check that a run which was too much says so, and blames the load itself before the product."""
    late = Spread.of([5.0])
    slow = replace(result, waits={**result.waits, "question: first sign of life": late}, late=late)
    assert "first sign of life" in what_broke(slow)[0]
    assert "generator" in what_is_full(slow)[0]
    bot = replace(result.usages["bot"], cores=0.5, waited=0.5)
    assert any(
        "the bot wants a whole core" in full
        for full in what_is_full(replace(result, usages={**result.usages, "bot": bot}))
    )
    growing = replace(result, backlog_growth=5.0, backlog_peak=500)
    assert any("more come in" in broken for broken in what_broke(growing))
    for wrong in ({"over_limits": 1}, {"dead": 1}, {"unhandled": 1}):
        assert len(faults(replace(result, **wrong))) == 1  # type: ignore[arg-type]  # fields of it


def test_memory_that_grows_is_told_from_memory_that_does_not() -> None:
    minutes = [0.0, 60.0, 120.0, 180.0]
    assert slope([(at, 100 + at / 60) for at in minutes]) * 60 == pytest.approx(1.0)
    assert slope([(at, 100.0) for at in minutes]) == 0
    usage = Usage(
        cpu=1, cores=0.1, cores_peak=0.1, waited=0, memory_peak=168, memory_end=168, growth=1, files_peak=1,
        connections_peak=1, connections_used=0,
    )  # fmt: skip
    assert memory_verdict("bot", usage, seconds=3600) == "full in 10 h"
    assert memory_verdict("bot", usage, seconds=600) == "grows"
    assert memory_verdict("bot", replace(usage, growth=0.01), seconds=3600) == "steady"
    assert memory_verdict("bot", replace(usage, memory_peak=800), seconds=3600) == "over its limit"


def _a_whole_answer(log: list[bytes], written: list[Written]) -> bytes:
    """Return the line of an answer in a chat where nobody stops any."""
    stopping = {message.chat_id for message in written if message.kind is Kind.STOP}
    return next(
        line
        for line in log
        if (call := orjson.loads(line))["params"]["text"].startswith("You said:")
        and call["chat_id"] not in stopping
    )


def _written(*kinds: Kind) -> list[Written]:
    return [Written(number, _CHAT, 100 + number, kind, 10.0 * number) for number, kind in enumerate(kinds, 1)]


def _verdict(written: list[Written], *texts: str, at: float = 1000.0) -> Verdict:
    reader = Reader()
    return judge(written, {_CHAT: [reader.read(text, at=at) for text in texts]})


def _counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.doubled, verdict.disordered, verdict.apologies


@pytest.mark.parametrize(
    ("texts", "counts"),
    [
        (["You said: q1 and so on", "You said: q2"], (0, 0, 0, 0)),
        (["You said: q1"], (1, 0, 0, 0)),
        (["You said: q1", "You said: q1", "You said: q2"], (0, 1, 0, 0)),
        (["You said: q2", "You said: q1"], (0, 0, 1, 0)),
        (["You said: q1", "You said: q2", "You said: q3"], (0, 1, 0, 0)),
        (["You said: q1", "Something broke"], (1, 0, 0, 1)),
        ([], (2, 0, 0, 0)),
    ],
)
def test_each_way_in_which_two_questions_can_go_wrong_is_counted(
    texts: list[str], counts: tuple[int, int, int, int]
) -> None:
    assert _counts(_verdict(_written(Kind.QUESTION, Kind.QUESTION), *texts)) == counts


@pytest.mark.parametrize("language", ["en", "ru"])
def test_answers_to_commands_are_known_and_have_their_place(language: str) -> None:
    texts = texts_for(language)
    greeting, help_ = texts.get("greeting", name="Anna"), texts.get("help")
    status = texts.get("status", plan="x", started_at="x", expires="x", model="x")
    written = _written(Kind.START, Kind.HELP, Kind.QUESTION, Kind.STATUS)
    assert _verdict(written, greeting, help_, "You said: q3", status).is_clean
    assert _counts(_verdict(written, greeting, "You said: q3", help_, status)) == (0, 0, 1, 0)
    assert _counts(_verdict(written, greeting, greeting, help_, "You said: q3")) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("texts", "counts"),
    [
        (["You said: q1 and\n\n{stopped}"], (0, 0, 0, 0)),
        (["{stopped}"], (0, 0, 0, 0)),
        (["You said: q1 and so on", "{nothing}"], (0, 0, 0, 0)),
        (["You said: q1 and\n\n{stopped}", "{nothing}"], (0, 1, 0, 0)),
        (["{stopped}", "You said: q1"], (0, 0, 0, 1)),
        (["You said: q1 and\n\n{cut}"], (0, 0, 0, 1)),
        ([], (2, 0, 0, 0)),
    ],
)
def test_a_stop_ends_one_answer_or_is_told_that_there_is_none(
    texts: list[str], counts: tuple[int, int, int, int]
) -> None:
    words = texts_for("en")
    notices = {
        "stopped": words.get("answer-stopped"),
        "nothing": words.get("nothing-to-stop"),
        "cut": words.get("notice-cut", reason="?"),
    }
    told = [text.format(**notices) for text in texts]
    assert _counts(_verdict(_written(Kind.QUESTION, Kind.STOP), *told)) == counts


def test_a_stop_that_came_too_late_is_no_fault_and_one_that_did_nothing_is() -> None:
    written = _written(Kind.QUESTION, Kind.STOP)
    late, in_time = written[1].at + 1, written[1].at - 1
    assert _verdict(written, "You said: q1", at=late).late_stops == 1
    assert _counts(_verdict(written, "You said: q1", at=late)) == (0, 0, 0, 0)
    assert _counts(_verdict(written, "You said: q1", at=in_time)) == (1, 0, 0, 0)


def test_what_nobody_asked_for_is_seen_also_in_a_chat_where_nobody_wrote() -> None:
    assert _counts(judge([], {_CHAT: [Sent(1.0, Kind.HELP)]})) == (0, 1, 0, 0)


def test_people_write_at_the_rate_that_was_asked_for_and_new_ones_begin_with_start() -> None:
    habits = Habits(people=2000, seconds=600, pause=240)
    planned = plan(habits)
    assert planned == plan(habits)
    assert {message.person for message in planned} == set(range(habits.people))
    assert [message.due for message in planned] == sorted(message.due for message in planned)
    halves = [sum(message.due < 300 for message in planned), sum(message.due >= 300 for message in planned)]
    assert halves[0] == pytest.approx(halves[1], rel=0.1)
    begun: dict[int, Kind] = {}
    for message in planned:
        begun.setdefault(message.person, message.kind)
    newcomers = range(habits.people - habits.newcomers, habits.people)
    assert {begun[person] for person in newcomers} == {Kind.START}
