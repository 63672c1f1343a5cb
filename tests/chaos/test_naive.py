"""The checks can fail: a bot without an inbox fails them."""

from pathlib import Path

import pytest

from tests.chaos.board import Board
from tests.chaos.conftest import Scale
from tests.chaos.deliveries import deliver_three_times
from tests.chaos.kills import Pace, kill_in_the_middle, stop_in_the_middle
from tests.chaos.stage import NAIVE_BOT, staged
from vitte.core.settings import Settings

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


async def test_bot_that_acknowledges_before_it_answers_is_seen_to_lose_and_to_double(
    settings: Settings, tmp_path: Path, board: Board, scale: Scale
) -> None:
    async with staged(settings, tmp_path, command=NAIVE_BOT, quiet=scale.pick(5, 10)) as stage:
        bot = await stage.start_bot()
        with board.row("naive bot: every update three times", is_naive=True) as row:
            await deliver_three_times(stage, row, people=stage.crowd.join(scale.pick(20, 200)))
        assert any("greeted again" in promise for promise in row.broken), row.broken
        # Whatever it is still at belongs to no other row.
        bot.kill()
        bot = await stage.start_bot()
        people = stage.crowd.join(scale.pick(20, 200))
        with board.row("naive bot: kill -9 in the middle", is_naive=True) as row:
            bot = await kill_in_the_middle(stage, row, people=people, kills=scale.pick(1, 3), bot=bot)
        assert row.figures is not None
        assert row.figures.lost
        people = stage.crowd.join(20)
        with board.row("naive bot: SIGTERM while answers stream", is_naive=True) as row:
            pace = Pace(0.25, short=2, long=24)
            await stop_in_the_middle(stage, row, people=people, pace=pace, bot=bot)
        assert row.figures is not None
        assert row.figures.lost
