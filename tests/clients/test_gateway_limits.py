"""Telegram's limits: in one process, and for many through Redis."""

import asyncio
import socket

import pytest
from redis.asyncio import Redis

from tests.patience import PATIENCE
from vitte.clients.breaker import Breaker
from vitte.clients.channel import Channel
from vitte.clients.line import Line
from vitte.clients.redis import connect_redis
from vitte.clients.telegram import scripts
from vitte.clients.telegram.cells import CallKind, Cell, cells_of
from vitte.clients.telegram.lanes import Lane
from vitte.clients.telegram.limits import Grant, Limits, LocalLimits, RedisLimits
from vitte.clients.telegram.metrics import SHARED_LIMITS_AWAY
from vitte.core.nursery import Nursery
from vitte.core.settings.backends import RedisSettings
from vitte.core.settings.outbound import OutboundSettings
from vitte.embedded.ports import free_port

SETTINGS = OutboundSettings()
SLOW = OutboundSettings(chat_rate=0.01)
"""A message in a hundred seconds: how long a test takes does not show in such waits."""
PATIENT = OutboundSettings(redis_timeout=PATIENCE)
"""For what Redis has to say itself, however busy the machine is."""


def shared_limits(redis: Redis) -> RedisLimits:
    """Return the limits as one more process sees them."""
    breaker = Breaker(retry_after=5)
    return RedisLimits(
        Channel(Line(redis), timeout=PATIENCE, breaker=breaker, name="test", away=SHARED_LIMITS_AWAY)
    )


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ask(
    limits: LocalLimits, chat: int, lane: Lane = Lane.INTERACTIVE, kind: CallKind = CallKind.MESSAGE
) -> Grant:
    return limits.acquire(str(chat), cells_of(kind, lane, chat, SETTINGS))


def times_of(
    limits: LocalLimits, clock: Clock, *, chats: list[int], lane: Lane, seconds: float
) -> list[float]:
    """Return when calls go out if somebody always has more to send, to one chat after the other."""
    sent, start, turn = [], clock.now, 0
    while clock.now - start < seconds:
        grant = ask(limits, chats[turn % len(chats)], lane)
        if grant.granted:
            clock.now += grant.wait
            sent.append(clock.now - start)
            turn += 1
        else:
            clock.now += grant.wait
    return sent


def test_a_chat_gets_a_small_burst_and_then_one_message_a_second() -> None:
    clock = Clock()
    sent = times_of(LocalLimits(clock), clock, chats=[5], lane=Lane.INTERACTIVE, seconds=10)
    assert sent[:4] == pytest.approx([0, 0, 1, 2])


def test_a_group_gets_at_most_twenty_messages_in_any_minute() -> None:
    clock = Clock()
    sent = times_of(LocalLimits(clock), clock, chats=[-5], lane=Lane.INTERACTIVE, seconds=300)
    assert len(sent) > 80
    for first, last in zip(sent, sent[20:], strict=False):
        assert last - first >= 60


def test_a_mailing_goes_out_at_thirty_a_second() -> None:
    clock = Clock()
    chats = list(range(1, 2000))
    sent = times_of(LocalLimits(clock), clock, chats=chats, lane=Lane.BULK, seconds=10)
    assert 295 <= len(sent) <= 310


def test_answers_go_before_a_mailing_and_take_from_its_share() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    mailed = answered = 0
    next_answer = next_mail = clock.now
    start = clock.now
    while clock.now - start < 10:
        if next_answer <= clock.now:
            grant = ask(limits, 10_000 + answered)
            assert grant == Grant(granted=True, wait=0), "an answer waited for a mailing"
            answered, next_answer = answered + 1, next_answer + 1 / 20
        if next_mail <= clock.now:
            grant = ask(limits, 100_000 + mailed, Lane.BULK)
            mailed += grant.granted
            next_mail = clock.now + max(grant.wait, 0.001)
        clock.now += 0.001
    assert answered == 200
    assert 90 <= mailed <= 140, "thirty a second less the twenty that answers used"


def test_what_people_wait_for_passes_a_mailing() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    for chat in range(1, 40):
        ask(limits, chat, Lane.BULK)
    assert ask(limits, 1000, Lane.BULK).wait > 0
    assert ask(limits, 1001, Lane.TRANSACTIONAL) == Grant(granted=True, wait=0)


def test_a_draft_is_never_made_to_wait_but_refused_within_the_second() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    assert ask(limits, 5, kind=CallKind.DRAFT) == Grant(granted=True, wait=0)
    refused = ask(limits, 5, kind=CallKind.DRAFT)
    assert not refused.granted
    clock.now += refused.wait
    assert ask(limits, 5, kind=CallKind.DRAFT).granted


def test_drafts_leave_room_for_answers_when_there_is_much_to_say() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    drafts = sum(ask(limits, chat, kind=CallKind.DRAFT).granted for chat in range(1, 500))
    assert drafts == pytest.approx(51, abs=2)
    assert ask(limits, 1000) == Grant(granted=True, wait=0)


def test_a_chat_that_asked_for_a_pause_gets_it_and_others_go_on() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    for chat in range(1, 11):
        ask(limits, chat)
    assert limits.report("5", 7) is False
    assert ask(limits, 5) == Grant(granted=False, wait=7)
    assert ask(limits, 6).granted
    clock.now += 7
    assert ask(limits, 5).granted


def test_previews_of_an_answer_leave_their_group_the_burst_of_its_messages() -> None:
    clock = Clock()
    limits, shown = LocalLimits(clock), 0
    for _ in range(60):
        shown += ask(limits, -5, Lane.PREVIEW, CallKind.PREVIEW).granted
        clock.now += 1
    assert 10 <= shown <= 18
    assert ask(limits, -5, Lane.PREVIEW, CallKind.PREVIEW).granted
    assert not ask(limits, -5, Lane.PREVIEW, CallKind.PREVIEW).granted
    assert ask(limits, -5) == Grant(granted=True, wait=0)


def test_when_most_chats_ask_for_a_pause_all_pause() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    for chat in range(1, 5):
        ask(limits, chat)
    assert [limits.report(str(chat), 3) for chat in range(1, 4)] == [False, False, True]
    assert ask(limits, 99) == Grant(granted=False, wait=3)


async def test_redis_counts_as_one_process_does(redis: Redis) -> None:
    calls = [
        *((5, Lane.INTERACTIVE, CallKind.MESSAGE),) * 4,
        *((-5, Lane.INTERACTIVE, CallKind.MESSAGE),) * 4,
        *((6, Lane.INTERACTIVE, CallKind.DRAFT),) * 2,
        *((-6, Lane.PREVIEW, CallKind.PREVIEW),) * 2,
        *((-6, Lane.INTERACTIVE, CallKind.MESSAGE),) * 2,
        *((chat, Lane.BULK, CallKind.MESSAGE) for chat in range(100, 110)),
        *((chat, Lane.TRANSACTIONAL, CallKind.MESSAGE) for chat in range(200, 205)),
    ]

    async def answers() -> list[tuple[Grant, Grant]]:
        await redis.flushdb()
        shared, local, asked = shared_limits(redis), LocalLimits(), []
        for chat, lane, kind in calls:
            cells = cells_of(kind, lane, chat, SETTINGS)
            asked.append((local.acquire(str(chat), cells), await shared.acquire(str(chat), cells)))
        return asked

    # Each has a clock of its own: what they say can be compared if both were asked at the same moment.
    loop, took = asyncio.get_running_loop(), 1.0
    compared: list[tuple[Grant, Grant]] = []
    while took > 0.1:
        begun = loop.time()
        compared = await answers()
        took = loop.time() - begun
    for call, (here, there) in zip(calls, compared, strict=True):
        assert here.granted == there.granted, call
        assert here.wait == pytest.approx(there.wait, abs=0.1), call


async def test_two_processes_together_keep_the_limit_of_one(redis: Redis) -> None:
    processes = [shared_limits(redis), shared_limits(redis)]
    cells = cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, 5, SLOW)
    grants = await asyncio.gather(*(process.acquire("5", cells) for process in processes * 2))
    assert sorted(round(grant.wait / 100) for grant in grants) == [0, 0, 1, 2]


async def test_a_pause_reported_by_one_process_holds_for_all(redis: Redis) -> None:
    one, other = shared_limits(redis), shared_limits(redis)
    cells = cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, 5, SETTINGS)
    assert await one.report("5", 700) is False
    grant = await other.acquire("5", cells)
    assert not grant.granted
    assert grant.wait == pytest.approx(700, abs=100)
    assert await other.paused("5") == pytest.approx(700, abs=100)
    assert await other.paused("6") == 0
    await asyncio.gather(*(one.report(chat, 300) for chat in ("6", "7", "8")))
    assert await other.paused("9") == pytest.approx(300, abs=100)


async def test_a_burst_asks_for_its_limits_in_a_few_round_trips(redis: Redis, round_trips: list[int]) -> None:
    limits = shared_limits(redis)
    grants = await asyncio.gather(
        *(
            limits.acquire(str(chat), cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, chat, SETTINGS))
            for chat in range(100, 200)
        )
    )
    assert all(grant.granted for grant in grants)
    # All that asked at this moment, and once more for whoever found that Redis does not know the script yet.
    assert round_trips in ([100], [100, 100])


async def test_limits_hold_on_when_redis_has_forgotten_their_script(redis: Redis) -> None:
    limits = shared_limits(redis)
    cells = cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, 5, SLOW)
    await limits.acquire("5", cells)
    await redis.script_flush()
    waits = [(await limits.acquire("5", cells)).wait for _ in range(2)]
    assert [round(wait / 100) for wait in waits] == [0, 1]


async def test_every_key_goes_by_itself(redis: Redis) -> None:
    limits = shared_limits(redis)
    for chat in (5, -5):
        await limits.acquire(str(chat), cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, chat, SETTINGS))
    await limits.report("5", 7)
    for key in await redis.keys("vitte:telegram:*"):
        assert await redis.pttl(key) > 0, key


async def test_without_redis_the_process_keeps_the_limits_and_says_so_once(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect_redis(RedisSettings(port=free_port()), timeout=PATIENCE) as away:
        limits = Limits(Line(away), OutboundSettings(redis_retry=0.001))
        cells = cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, 5, SLOW)
        waits = []
        for _ in range(9):
            waits.append((await limits.acquire("5", cells)).wait)
            await asyncio.sleep(0.002)
        assert [round(wait / 100) for wait in waits[:4]] == [0, 0, 1, 2]
        assert caplog.text.count("shared_limits_away") == 1


async def test_a_redis_that_hangs_costs_its_time_out_and_not_every_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_accepts:
        port = never_accepts.getsockname()[1]
        hanging = connect_redis(RedisSettings(port=port), timeout=0.1)
        limits = Limits(Line(hanging), OutboundSettings())
        # If each waited for it, a thousand would take more than a hundred seconds.
        async with asyncio.timeout(PATIENCE):
            for chat in range(1000):
                cells = cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, chat, SETTINGS)
                await limits.acquire(str(chat), cells)
        await hanging.aclose()


def message_to(chat: int, settings: OutboundSettings = SLOW) -> list[Cell]:
    return cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, chat, settings)


async def test_buttons_are_answered_while_three_of_many_chats_are_to_pause(redis: Redis) -> None:
    limits = Limits(Line(redis), PATIENT)
    await asyncio.gather(*(limits.acquire(str(chat), message_to(chat, PATIENT)) for chat in range(1, 41)))
    verdicts = await asyncio.gather(*(limits.report(chat, 700) for chat in ("1", "2", "3")))
    assert verdicts == [False, False, False]
    assert limits.known_pause("answerCallbackQuery") == limits.known_pause("4") == 0
    assert limits.known_pause("1") == pytest.approx(700, abs=100)


async def test_buttons_wait_as_well_when_redis_says_that_all_are_to_pause(redis: Redis) -> None:
    here, elsewhere = Limits(Line(redis), PATIENT), shared_limits(redis)
    await asyncio.gather(*(elsewhere.report(chat, 300) for chat in ("1", "2", "3")))
    assert await here.report("4", 700) is True
    assert here.known_pause("answerCallbackQuery") == pytest.approx(700, abs=100)


async def test_a_chat_gets_no_call_while_redis_is_still_told_of_its_pause(redis: Redis) -> None:
    limits, others = Limits(Line(redis), PATIENT), Nursery()
    telling = others.start(limits.report("5", 700), name="telling")
    await asyncio.sleep(0)
    assert not telling.done()
    assert limits.known_pause("5") == pytest.approx(700, abs=100)
    assert await telling is False


async def test_without_redis_all_pause_only_when_most_of_the_process_s_own_chats_do() -> None:
    async with connect_redis(RedisSettings(port=free_port()), timeout=PATIENCE) as away:
        limits = Limits(Line(away), SETTINGS)
        for chat in range(1, 9):
            await limits.acquire(str(chat), message_to(chat, SETTINGS))
        assert [await limits.report(str(chat), 700) for chat in range(1, 5)] == [False, False, False, True]
        assert limits.known_pause("answerCallbackQuery") == pytest.approx(700, abs=100)


async def test_a_turn_that_was_foreseen_is_asked_for_with_what_else_is_asked_and_not_again(
    redis: Redis, round_trips: list[int]
) -> None:
    line = Line(redis)
    limits = Limits(line, SLOW, clock=Clock())
    await redis.script_load(scripts.ACQUIRE)
    limits.foresee(5)
    cache = Channel(
        line, timeout=PATIENCE, breaker=Breaker(retry_after=5), name="test", away=SHARED_LIMITS_AWAY
    )
    await cache.call("GET", "a profile")
    assert (await limits.acquire("5", message_to(5))).wait == 0
    assert round_trips == [2]
    # The burst's second, and then the pace: as if the first had gone out at the end of its moment.
    waits = [(await limits.acquire("5", message_to(5))).wait for _ in range(2)]
    assert 0 < waits[0] < 0.1
    assert round(waits[1] / 100) == 1


async def test_a_turn_that_was_foreseen_too_early_is_asked_for_anew(redis: Redis) -> None:
    clock = Clock()
    limits = Limits(Line(redis), SLOW, clock=clock)
    limits.foresee(5)
    clock.now += 0.06
    waits = [(await limits.acquire("5", message_to(5))).wait for _ in range(2)]
    # What was foreseen is booked, and was for nothing.
    assert [round(wait / 100) for wait in waits] == [0, 1]


async def test_a_turn_that_was_foreseen_is_for_no_other_call(redis: Redis) -> None:
    limits = Limits(Line(redis), SLOW, clock=Clock())
    limits.foresee(5)
    draft = cells_of(CallKind.DRAFT, Lane.INTERACTIVE, 5, SLOW)
    assert (await limits.acquire("5", draft)).granted
    assert not (await limits.acquire("5", draft)).granted
    limits.foresee(6)
    assert (await limits.acquire("7", message_to(7))).wait == 0
    assert (await limits.acquire("6", message_to(6))).wait == 0
    waits = [(await limits.acquire("6", message_to(6))).wait for _ in range(2)]
    assert [round(wait / 100) for wait in waits] == [0, 1]


async def test_whoever_is_not_alone_foresees_nothing(redis: Redis, round_trips: list[int]) -> None:
    line = Line(redis)
    limits = Limits(line, SLOW)
    others = Nursery()
    asking = others.start(line.run([("GET", "a")]), name="asking")
    await asyncio.sleep(0)
    limits.foresee(5)
    await asking
    assert round_trips == [1]


async def test_a_turn_is_foreseen_without_redis_as_well() -> None:
    async with connect_redis(RedisSettings(port=free_port()), timeout=PATIENCE) as away:
        limits = Limits(Line(away), SLOW, clock=Clock())
        limits.foresee(5)
        waits = [(await limits.acquire("5", message_to(5))).wait for _ in range(3)]
        assert [round(wait / 100) for wait in waits] == [0, 0, 1]
