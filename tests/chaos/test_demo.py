"""Every part of the demo is killed in its turn; in short form, `tests/demo` kills three of them."""

import pytest

from tests.demo.stand import TITLES, StartDemo, start_demo

__all__ = ["start_demo"]

pytestmark = [pytest.mark.demo, pytest.mark.timeout(900)]


@pytest.mark.parametrize("part", TITLES)
async def test_a_part_that_is_killed_is_named_with_its_log_and_everything_stops(
    start_demo: StartDemo,
    part: str,
) -> None:
    await (await start_demo()).is_ended_by_a_kill_of(part)
