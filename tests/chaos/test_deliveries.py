"""Telegram and the model misbehave; every question has its effect exactly once."""

from pathlib import Path
from typing import get_args

import pytest

from tests.chaos.board import Board
from tests.chaos.conftest import Scale
from tests.chaos.deliveries import (
    break_the_model,
    bring_a_malformed_one,
    deliver_three_times,
    refuse_some_messages,
)
from tests.chaos.stage import staged
from vitte.core.settings import Settings
from vitte.sandbox.llm import Fault

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


async def test_copies_malformed_updates_and_a_broken_model_or_telegram_leave_nobody_without_an_end(
    settings: Settings, tmp_path: Path, board: Board, scale: Scale
) -> None:
    async with staged(settings, tmp_path) as stage:
        bot = await stage.start_bot()
        with board.row("every update three times, chats shuffled") as row:
            await deliver_three_times(stage, row, people=stage.crowd.join(scale.pick(20, 200)))
        with board.row("one malformed update among many") as row:
            await bring_a_malformed_one(stage, row, people=stage.crowd.join(scale.pick(29, 99)))
        bot.kill()
        # Only here is a model that takes its time a broken one.
        llm, patient = stage.settings.llm, stage.settings.llm.model_copy()
        llm.first_token_timeout = llm.idle_timeout = scale.pick(1, 3)
        llm.total_timeout = scale.pick(2, 6)
        bot = await stage.start_bot()
        with board.row("the model breaks in eleven ways") as row:
            for fault in get_args(Fault):
                people = stage.crowd.join(scale.pick(5, 200))
                await break_the_model(stage, row, people=people, fault=fault, deadline=llm.total_timeout + 5)
        bot.kill()
        stage.settings.llm = patient
        await stage.start_bot()
        share = 0.05 if scale.full else 0.3
        with board.row(f"{share:.0%} of messages get 429, {share:.0%} get 403") as row:
            people = stage.crowd.join(scale.pick(30, 500))
            await refuse_some_messages(stage, row, people=people, rate=scale.pick(30, 50), share=share)
