"""What tests of the clients have in common."""

from collections.abc import Sequence
from typing import Any

import pytest

from vitte.clients.line import Line


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands each round trip to Redis had, as they are made."""
    made: list[int] = []
    run = Line.run

    async def count(self: Line, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        made.append(len(commands))
        return await run(self, commands)

    monkeypatch.setattr(Line, "run", count)
    return made
