"""The bench runs; what it measures cannot be what it is not."""

from itertools import product

import pytest

from bench.stand import BOTS
from bench.update_cost import MODES, TEXTS, Row, Scale, measure, table

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(600)
async def test_the_bench_measures_every_bot_with_every_update_and_its_figures_can_be_true() -> None:
    rows = await measure(Scale(rounds=1, alone=5, at_once=10, bursts=2, settle=0.2))
    found = {(row.bot, row.update, row.mode): row for row in rows}
    assert set(found) == set(product(BOTS, TEXTS, MODES))
    assert len(table(rows)) == 1 + len(rows)
    for (bot, update, mode), row in found.items():
        assert row.cpu_ms > 0
        assert 0 < row.p50_ms <= row.p95_ms <= row.p99_ms
        assert row.per_second > 0
        if bot == "echo":
            assert row.cpu_ratio == row.p99_ratio == 1
            assert (row.statements, row.begins, row.commits) == (0, 0, 0)
        if bot == "without inbox":
            check_handlers(row)
            # With the inbox comes storing and finishing an update, alone or with others. But finishing takes
            # along what is written by itself without it: that an answer was sent.
            if update != "question" or mode == "alone":
                assert found["product", update, mode].statements > row.statements


def check_handlers(row: Row) -> None:
    """Check what the handlers cannot do without."""
    # Who is known needs no statement while the cache answers. Of a turn are stored: the question, the answer,
    # and that it was sent; of ten at once in one statement each at best.
    of_a_turn = 3 if row.mode == "alone" else 3 / 10
    assert row.statements >= (of_a_turn if row.update == "question" else 0) - 0.01
    # Whatever is sent asks for its turn, alone or with others.
    assert row.redis > (0.9 if row.mode == "alone" else 0)
