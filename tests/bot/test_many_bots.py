"""Several bot processes behind one door share the work: nothing is lost, doubled or out of order."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.chaos.stage import Stage, StagedProcess, staged, until
from tests.patience import PATIENCE
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port
from vitte.sandbox.testing import NO_LIMITS

pytestmark = pytest.mark.chaos

AT_ONCE = 2
"""Chats that one bot serves at the same moment: few, so that there is work left for the others."""
PEOPLE = 4
"""For each bot: twice as many as it can serve."""
QUESTIONS = 3


def open_the_door(settings: Settings) -> None:
    """Let updates come in by the api, and let nothing but the bots themselves hold answers up."""
    settings.api.port = free_port()
    settings.telegram.mode = "webhook"
    settings.telegram.webhook_url = f"http://127.0.0.1:{settings.api.port}/api/v1/telegram/webhook"
    settings.telegram.webhook_secret = SecretStr("a-secret_for-tests")
    settings.outbound.chat_rate = settings.outbound.interactive_rate = 1000
    settings.bot.concurrency = AT_ONCE


async def start_bots(stage: Stage, count: int) -> list[StagedProcess]:
    """Start several bots at the same time and wait until all take part."""
    bots = []
    for _ in range(count):
        stage.settings.bot.port = free_port()
        bots.append(stage.launch_bot())
    await asyncio.gather(*(bot.ready() for bot in bots))
    return bots


def handled(bots: list[StagedProcess], *, attempt: int = 1) -> list[int]:
    """Return how many updates each bot has handled at this attempt."""
    return [sum(line["attempt"] == attempt for line in bot.lines("update_handled")) for bot in bots]


@pytest.mark.parametrize("count", [2, 4])
async def test_bots_that_share_the_inbox_answer_everything_once_and_in_order_also_when_one_is_killed(
    settings: Settings, tmp_path: Path, count: int
) -> None:
    open_the_door(settings)
    async with staged(settings, tmp_path, limits=NO_LIMITS) as stage:
        await stage.start_api()
        bots = await start_bots(stage, count)
        people = stage.crowd.join(PEOPLE * count)
        stage.script.between_tokens = 0.1

        asked = [stage.crowd.ask(person) for _ in range(QUESTIONS) for person in people]
        await stage.settle(asked)
        figures = await stage.examine(asked)
        assert (figures.lost, figures.doubled, figures.repeated, figures.disordered) == (0, 0, 0, 0)
        await until(
            lambda: sum(handled(bots)) >= len(asked), timeout=PATIENCE, what="all is logged as handled"
        )
        assert sum(handled(bots)) == len(asked)
        assert all(handled(bots)), handled(bots)

        stage.script.between_tokens = 0.5
        seen = len(stage.script.requests)
        asked = [stage.crowd.ask(person) for _ in range(2) for person in people]
        await stage.asked_of_the_model(seen + AT_ONCE * count)
        bots[0].kill()
        stage.script.between_tokens = 0.05
        await stage.settle(asked)
        figures = await stage.examine(asked)
        assert (figures.lost, figures.doubled, figures.disordered) == (0, 0, 0)
        # An answer that was sent and not yet marked so is sent again by the bot that takes over.
        assert figures.repeated <= AT_ONCE
        await until(
            lambda: any(handled(bots[1:], attempt=2)), timeout=PATIENCE, what="a question is taken over"
        )
