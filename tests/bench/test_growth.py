"""What is said about how the cost grows was measured, and can be measured again."""

from itertools import product
from pathlib import Path

import pytest

from bench.growth import Row, Scale, measure, table

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def rows() -> list[Row]:
    """The bench, on little."""
    few = Scale(
        people=(10, 100),
        messages=(2000, 20_000),
        waiting=(10, 100),
        usual_people=100,
        usual_messages=2000,
        times=5,
    )
    return await measure(few)


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_no_step_looks_at_ten_times_as_much_because_there_is_ten_times_as_much(rows: list[Row]) -> None:
    found = {(row.grows, row.size, row.step): row for row in rows}
    steps = {row.step for row in rows}
    sizes = {"people": (10, 100), "messages": (2000, 20_000), "waiting": (10, 100)}
    assert set(found) == {
        (grows, size, step) for grows, pair in sizes.items() for size, step in product(pair, steps)
    }
    assert len(table(rows)) == 3 * (1 + len(steps)) + 2
    for row in rows:
        assert row.ms > 0
        assert row.buffers == pytest.approx(sum(statement.buffers for statement in row.statements))
    for grows, (small, large) in sizes.items():
        for step in steps:
            # What waits is counted with its age, every ten seconds: the one thing that follows its number.
            if (grows, step) != ("waiting", "measure"):
                before, after = found[grows, small, step].buffers, found[grows, large, step].buffers
                assert after < 4 * before + 10, f"{step} with more {grows}"
