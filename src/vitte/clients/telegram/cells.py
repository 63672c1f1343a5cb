"""The limits as arithmetic: which cells a call has to pass, and what passing one means.

Each limit is a cell of the generic cell rate algorithm
(https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm): one number, the theoretical arrival time of the
next call if all came at the limit's pace. A call may come earlier than that by the cell's tolerance, which is
what allows bursts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from vitte.clients.telegram.lanes import Lane
from vitte.core.settings.outbound import OutboundSettings

FOREVER = 1e12
_BULK_QUEUE = 0.5
"""Seconds ahead that a mailing may book: what answers use meanwhile has to be taken off soon."""
_BULK_BURST = 3


class CallKind(StrEnum):
    """What a call is to the limits."""

    MESSAGE = "message"
    DRAFT = "draft"
    PREVIEW = "preview"

    @property
    def may_be_dropped(self) -> bool:
        """Tell whether there will be a newer one, so that this one waits for nothing."""
        return self is not CallKind.MESSAGE


@dataclass(frozen=True, slots=True)
class Cell:
    """One limit of one call; times in seconds.

    A wait of up to `max_wait` is booked, a longer one refused. A cell that only `counts` makes nobody wait:
    the call is added to it, up to its tolerance in debt, for others to wait.
    """

    name: str
    interval: float
    tolerance: float
    max_wait: float = FOREVER
    counts: bool = False


def cells_of(kind: CallKind, lane: Lane, chat_id: int | str, settings: OutboundSettings) -> list[Cell]:
    """Return the cells that a call has to pass."""
    if kind is CallKind.DRAFT:
        return _draft_cells(chat_id, settings)
    if kind is CallKind.PREVIEW:
        return _preview_cells(chat_id, settings)
    return [*_overall_cells(lane, settings), *_chat_cells(chat_id, settings)]


def held_cells(cells: Sequence[Cell], chat_id: int | str, *, seconds: float) -> list[Cell]:
    """Return what books a call as if it went out `seconds` later, so that its chat waits from then on."""
    chat = _chat_cell(chat_id)
    return [replace(one, interval=one.interval + seconds) if one.name == chat else one for one in cells]


def _overall_cells(lane: Lane, settings: OutboundSettings) -> list[Cell]:
    interval = 1 / settings.overall_rate
    if lane is Lane.INTERACTIVE:
        ceiling = 1 / settings.interactive_rate
        return [Cell("interactive", ceiling, 1.0), Cell("overall", interval, 1.0, counts=True)]
    if lane is Lane.TRANSACTIONAL:
        # It may go into the second that mailings may not: so it passes them.
        return [Cell("overall", interval, 1.0)]
    return [Cell("overall", interval, _BULK_BURST * interval, max_wait=_BULK_QUEUE)]


def _chat_cells(chat_id: int | str, settings: OutboundSettings) -> list[Cell]:
    interval = 1 / settings.chat_rate
    cells = [Cell(_chat_cell(chat_id), interval, (settings.chat_burst - 1) * interval)]
    if is_group(chat_id):
        # In any minute at most: the burst, and what the pace adds to it.
        burst = min(settings.chat_burst, settings.group_per_minute // 2)
        pace = 60 / (settings.group_per_minute - burst)
        cells.append(Cell(f"group:{chat_id}", pace, (burst - 1) * pace))
    return cells


def _chat_cell(chat_id: int | str) -> str:
    return f"chat:{chat_id}"


def _draft_cells(chat_id: int | str, settings: OutboundSettings) -> list[Cell]:
    # A draft never waits: by then there is a newer one. It leaves half of the ceiling to messages.
    return [
        Cell("interactive", 1 / settings.interactive_rate, 0.5, max_wait=0),
        Cell(f"draft:{chat_id}", 1 / settings.draft_rate, 0, max_wait=0),
    ]


def _preview_cells(chat_id: int | str, settings: OutboundSettings) -> list[Cell]:
    # It counts as the message that it is, and leaves to those to come the bursts that they may have.
    chat = [replace(cell, tolerance=0, max_wait=0) for cell in _chat_cells(chat_id, settings)]
    return [
        Cell("interactive", 1 / settings.interactive_rate, 0.5, max_wait=0),
        Cell("overall", 1 / settings.overall_rate, 1.0, counts=True),
        *chat,
    ]


def is_group(chat_id: int | str) -> bool:
    """Tell whether the chat is a group or channel: their ids are negative, or names."""
    return not isinstance(chat_id, int) or chat_id < 0
