"""A server of models that does not answer is tried again, left alone, and not asked too much at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from tests.patience import PATIENCE
from vitte.clients.breaker import Breaker
from vitte.clients.endpoint.endpoint import Endpoint, EndpointConfig
from vitte.clients.endpoint.failures import LONGEST_WAIT, pause_before
from vitte.clients.llm import (
    ChatMessage,
    LlmError,
    LlmOverloadedError,
    LlmUnavailableError,
    ModelSpec,
    OpenAICompatibleModel,
)
from vitte.clients.llm.specs import Patience
from vitte.core.clock import utc_now
from vitte.sandbox.llm import Fault, Script, running_model

QUESTION = [ChatMessage("user", "hello")]
ANSWER = "You said: hello"


class Stage:
    """A model at an endpoint whose pauses are noted instead of waited for."""

    def __init__(self, config: EndpointConfig, patience: Patience) -> None:
        self.pauses: list[float] = []
        self.endpoint = Endpoint("tried", config, pause=self._pause)
        self.model = OpenAICompatibleModel(self.endpoint, ModelSpec(name="m"), patience)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def ask(self) -> str:
        """Return the whole answer."""
        return "".join([chunk.text async for chunk in self.model.stream(QUESTION)])


@asynccontextmanager
async def stage_for(
    script: Script,
    *,
    concurrency: int = 0,
    queue_timeout: float = PATIENCE,
    retries: int = 2,
    breaker_failures: int = 3,
    breaker_pause: float = PATIENCE,
    first_token: float = PATIENCE,
) -> AsyncIterator[Stage]:
    """Serve a model for a test."""
    async with running_model(script) as base_url:
        config = EndpointConfig(
            base_url=base_url,
            api_key=SecretStr("key"),
            concurrency=concurrency,
            queue_timeout=queue_timeout,
            retries=retries,
            breaker_failures=breaker_failures,
            breaker_pause=breaker_pause,
        )
        stage = Stage(config, Patience(first_token=first_token, idle=PATIENCE, total=PATIENCE))
        yield stage
        await stage.endpoint.close()


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"endpoint": "tried", **labels}) or 0


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what happens by itself."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


@pytest.mark.parametrize("fault", ["broken", "overloaded", "reset"])
async def test_what_goes_wrong_for_a_moment_nobody_notices(fault: Fault) -> None:
    script = Script(faults=[fault, fault])
    retried = sample("vitte_endpoint_retries_total", reason="llm_unavailable")
    async with stage_for(script) as stage:
        assert await stage.ask() == ANSWER
        assert script.calls == 3
        assert len(stage.pauses) == 2
    if fault == "broken":
        assert sample("vitte_endpoint_retries_total", reason="llm_unavailable") == retried + 2


@pytest.mark.parametrize(("fault", "calls"), [("broken", 3), ("refused", 1)])
async def test_it_is_tried_a_few_times_at_most_and_not_at_all_where_that_is_useless(
    fault: Fault, calls: int
) -> None:
    script = Script(fault=fault)
    async with stage_for(script) as stage:
        with pytest.raises(LlmError):
            await stage.ask()
    assert script.calls == calls


def test_those_who_failed_together_do_not_come_back_together() -> None:
    chances = [0.0, 0.25, 0.5, 1.0]
    for attempt in range(5):
        pauses = [pause_before(attempt, retry_after=None, chance=chance) for chance in chances]
        assert len(set(pauses)) == len(chances)
    first, later = (pause_before(attempt, retry_after=None, chance=0.5) for attempt in (0, 2))
    assert first
    assert later
    assert first < later


async def test_a_server_that_says_when_to_come_back_is_obeyed() -> None:
    script = Script(faults=["overloaded"], retry_after=1)
    async with stage_for(script) as stage:
        assert await stage.ask() == ANSWER
        assert 1 <= stage.pauses[0] < LONGEST_WAIT


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_nobody_waits_for_a_server_that_wants_a_long_rest(form: str) -> None:
    in_an_hour = format_datetime(utc_now() + timedelta(hours=1), usegmt=False)
    script = Script(fault="overloaded", retry_after=3600 if form == "seconds" else in_an_hour)
    async with stage_for(script) as stage:
        with pytest.raises(LlmOverloadedError):
            await stage.ask()
        assert stage.pauses == []
    assert script.calls == 1


async def test_tries_end_with_the_time_for_the_first_word() -> None:
    script = Script(fault="overloaded", retry_after=4)
    async with stage_for(script, first_token=3) as stage:
        with pytest.raises(LlmOverloadedError):
            await stage.ask()
        assert stage.pauses == []


async def test_a_server_that_is_away_costs_nobody_a_wait_until_it_is_back() -> None:
    script = Script(fault="broken")
    async with stage_for(script, retries=0, breaker_pause=0.3) as stage:
        for _ in range(3):
            with pytest.raises(LlmUnavailableError):
                await stage.ask()
        skipped = sample("vitte_endpoint_skipped_total")
        stage.endpoint._breaker._open_until += PATIENCE
        with pytest.raises(LlmUnavailableError, match="left alone"):
            await stage.ask()
        assert script.calls == 3
        assert sample("vitte_endpoint_skipped_total") == skipped + 1
        assert sample("vitte_endpoint_away") == 1
        # Its pause is over, and it is back.
        stage.endpoint._breaker._open_until = 0.0
        script.fault = None
        assert await stage.ask() == ANSWER
        assert sample("vitte_endpoint_away") == 0
        assert await stage.ask() == ANSWER


async def test_one_call_alone_finds_out_whether_the_server_is_back() -> None:
    script = Script(fault="broken")
    async with stage_for(script, retries=0, breaker_failures=1) as stage:
        with pytest.raises(LlmUnavailableError):
            await stage.ask()
        stage.endpoint._breaker._open_until = 0.0
        script.fault, script.holds_after = None, 0
        async with asyncio.TaskGroup() as group:
            probe = group.create_task(stage.ask())
            await until(lambda: script.going_on == 1)
            with pytest.raises(LlmUnavailableError, match="left alone"):
                await stage.ask()
            script.go_on.set()
        assert probe.result() == ANSWER
        assert await stage.ask() == ANSWER


async def test_a_wrong_key_or_a_limit_is_no_sign_that_a_server_is_away() -> None:
    script = Script()
    async with stage_for(script, retries=0, breaker_failures=2) as stage:
        for fault in ("refused", "overloaded", "refused", "overloaded", "broken", "refused", "broken"):
            script.fault = fault
            with pytest.raises(LlmError):
                await stage.ask()
        script.fault = None
        assert await stage.ask() == ANSWER


async def test_a_server_that_is_back_and_limits_one_model_answers_the_others() -> None:
    script = Script(fault="broken")
    async with stage_for(script, retries=0, breaker_failures=1) as stage:
        with pytest.raises(LlmError):
            await stage.ask()
        stage.endpoint._breaker._open_until = 0.0
        script.faults = ["overloaded"]
        script.fault = None
        with pytest.raises(LlmError):
            await stage.ask()
        assert await stage.ask() == ANSWER


@pytest.mark.parametrize("fault", ["silent", "error_event"])
async def test_a_server_that_only_pretends_to_answer_counts_as_away(fault: Fault) -> None:
    script = Script(fault=fault, answer="one")
    if fault == "error_event":
        script.answer = "one two"
    async with stage_for(script, retries=0, breaker_failures=1, first_token=0.5) as stage:
        with pytest.raises(LlmError):
            await stage.ask()
        is_away = stage.endpoint._breaker.is_away
    # An answer that breaks off in the middle comes from a server that is there.
    assert is_away == (fault == "silent")


async def test_a_server_is_asked_for_no_more_at_once_than_it_can_bear_and_each_in_turn() -> None:
    script = Script(holds_after=0)
    order: list[int] = []

    async def ask(stage: Stage, number: int) -> None:
        assert await stage.ask() == ANSWER
        order.append(number)

    async with stage_for(script, concurrency=1) as stage, asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(ask(stage, number))
        await until(lambda: sample("vitte_endpoint_waiting") == 4)
        assert sample("vitte_endpoint_busy") == 1
        script.go_on.set()
    assert script.most_going_on == 1
    assert order == [0, 1, 2, 3, 4]
    assert sample("vitte_endpoint_waiting") == sample("vitte_endpoint_busy") == 0


async def test_who_waits_too_long_for_a_place_is_told_so_and_others_go_on() -> None:
    script = Script(holds_after=0)
    async with stage_for(script, concurrency=1, queue_timeout=0.2) as stage, asyncio.TaskGroup() as group:
        first = group.create_task(stage.ask())
        await until(lambda: script.going_on == 1)
        with pytest.raises(LlmOverloadedError):
            await stage.ask()
        script.go_on.set()
        assert await first == ANSWER
        # The place is free again.
        assert await stage.ask() == ANSWER


async def test_an_answer_that_is_stopped_gives_its_place_back() -> None:
    script = Script(answer="one two three", holds_after=1)
    async with stage_for(script, concurrency=1) as stage:
        answer = stage.model.stream(QUESTION)
        assert (await anext(answer)).text == "one"
        await answer.aclose()
        script.holds_after = None
        assert await stage.ask() == "one two three"


def test_a_breaker_lets_one_call_in_at_each_pause() -> None:
    now = 0.0
    breaker = Breaker(retry_after=10, failures=2, clock=lambda: now)
    assert breaker.admits()
    breaker.note_failure()
    assert breaker.admits()
    breaker.note_failure()
    assert not breaker.admits()
    now = 11.0
    assert [breaker.admits(), breaker.admits()] == [True, False]
    # What became of the first is not known: it may have been stopped.
    now = 22.0
    assert [breaker.admits(), breaker.admits()] == [True, False]
    breaker.note_success()
    assert [breaker.admits(), breaker.admits()] == [True, True]
