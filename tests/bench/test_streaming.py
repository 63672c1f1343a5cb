"""What a streamed answer costs, and what people hold in memory: measured, not made up."""

import pytest

from bench import memory, streaming

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(300)
async def test_streaming_is_measured_against_the_least_that_reads_the_same_answers() -> None:
    found = await streaming.measure(at_once=5, rounds=1)
    assert found.answers == 15
    assert found.cpu_ms > 0
    assert found.reader_cpu_ms > 0
    assert found.ratio == pytest.approx(found.cpu_ms / found.reader_cpu_ms)
    # Nobody sees words before the model has said them.
    assert found.first_content[0] >= found.model_first
    assert found.full_answer[0] >= found.model_full
    assert found.sign_of_life[0] < found.first_content[0]
    assert found.drafts >= 1
    # Telegram's limits are kept while it is measured.
    assert found.refused == 0
    assert len(streaming.table(found)) == 7


@pytest.mark.timeout(300)
async def test_memory_is_measured_beside_a_bot_that_remembers_nobody() -> None:
    rows = {row.bot: row for row in await memory.measure(20)}
    assert set(rows) == {"product", "echo"}
    assert rows["echo"].ratio == 1
    for row in rows.values():
        assert min(row.at_rest, row.after, row.after_again) > 20
    assert len(memory.table(list(rows.values()))) == 3
