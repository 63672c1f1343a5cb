"""The bot's process is killed and stopped; people are answered all the same."""

from pathlib import Path

import pytest

from tests.chaos.board import Board
from tests.chaos.conftest import Scale
from tests.chaos.kills import (
    Pace,
    kill_before_the_acknowledgement,
    kill_in_the_middle,
    stop_in_the_middle,
)
from tests.chaos.proxy import running_proxy
from tests.chaos.stage import staged
from vitte.core.settings import Settings

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


async def test_killed_or_stopped_bot_loses_no_question_and_answers_in_order(
    settings: Settings, tmp_path: Path, board: Board, scale: Scale
) -> None:
    settings.bot.stop_timeout = scale.pick(4, 25)
    async with staged(settings, tmp_path) as stage:
        port = int(stage.sandbox.base_url.rpartition(":")[2])
        async with running_proxy(port) as proxy:
            stage.settings.telegram.api_url = f"http://127.0.0.1:{proxy.port}"
            bot = await stage.start_bot()
            people = stage.crowd.join(scale.pick(20, 200))
            with board.row("kill -9 in the middle") as row:
                bot = await kill_in_the_middle(stage, row, people=people, kills=scale.pick(2, 10), bot=bot)
            with board.row("SIGTERM while answers stream") as row:
                pace = Pace(0.25, short=2, long=40) if not scale.full else Pace(0.5, short=10, long=70)
                bot = await stop_in_the_middle(stage, row, people=people[:20], pace=pace, bot=bot)
            with board.row("kill -9 between commit and acknowledgement") as row:
                await kill_before_the_acknowledgement(
                    stage, row, people=people[:100], kills=scale.pick(1, 3), bot=bot, proxy=proxy
                )
