"""How PostgreSQL really went about each statement: its own plans, and what in them grows with the tables."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from vitte.db.models import Base
from vitte.db.vectors import VECTOR_TABLES

# Every plan comes back as a notice to whoever sent the statement, with those of foreign keys, which no text
# of ours names. https://www.postgresql.org/docs/current/auto-explain.html
_SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_level": "notice",
    "auto_explain.log_format": "json",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    # What reads a table from end to end even so has no index that would serve it.
    "enable_seqscan": "off",
}
_OURS = {*Base.metadata.tables, *VECTOR_TABLES}
_OF_THE_OWNER = {"personas", "models", "plans"}
"""What the owner has written by hand: a page of rows, read as a whole."""
_WITHOUT_INDEX = {"Seq Scan", "Sample Scan", "Tid Range Scan"}
LARGEST_BATCH = 5000
"""Rows that one statement may look at: as many as are forgotten at a time."""
_IN_VAIN = 200
"""Rows that one statement may look at and pass over."""
_BLOCKS_A_ROW = 30
"""Blocks that one row may cost: an index leads to it in three or four, and some of what it finds is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One node of a plan that reads a table. `rows` were of use, `in_vain` were read and passed over."""

    table: str
    how: str
    index: str | None
    rows: float
    in_vain: float
    blocks: int
    times: float
    statement: str

    @property
    def grows(self) -> str | None:
        """Why this takes longer the larger the table is; None when it does not."""
        if self.how in _WITHOUT_INDEX:
            return "no index serves it"
        if self.in_vain > _IN_VAIN:
            return f"{self.in_vain:.0f} rows read in vain"
        if self.rows > LARGEST_BATCH:
            return f"{self.rows:.0f} rows read"
        if self.blocks > _BLOCKS_A_ROW * (self.rows + self.in_vain + self.times):
            return f"{self.blocks} blocks for {self.rows + self.in_vain:.0f} rows"
        return None


class Plans:
    """What the plans of the statements that were run have read."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []

    def hear(self, _connection: Any, notice: Any) -> None:
        """Take a notice of PostgreSQL's."""
        _, found, plan = str(notice.message).partition("plan:\n")
        if found:
            self.add(json.loads(plan))

    def add(self, plan: dict[str, Any]) -> None:
        """Take one plan."""
        self.readings.extend(_readings(plan["Plan"], " ".join(plan["Query Text"].split())))

    def clear(self) -> None:
        """Forget what was seen so far."""
        self.readings.clear()

    def tables(self) -> set[str]:
        """Return the tables of ours that were read."""
        return {reading.table for reading in self.readings} & _OURS

    def growing(self, *, but: str = "-") -> list[str]:
        """Return what grows with a table, each with its reason, except those that begin with `but`."""
        ours = [reading for reading in self.readings if reading.table in _OURS - _OF_THE_OWNER]
        found = {
            f"{reading.table}: {reading.how} {reading.index}: {why}: {reading.statement}"
            for reading in ours
            if (why := reading.grows)
        }
        return sorted(line for line in found if not line.startswith(but))


def _readings(node: dict[str, Any], statement: str) -> Iterator[Reading]:
    children = node.get("Plans", ())
    if table := node.get("Relation Name") if "Scan" in node["Node Type"] else None:
        times = node["Actual Loops"]
        in_vain = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
        yield Reading(
            table=table,
            how=node["Node Type"],
            index=node.get("Index Name") or ", ".join(_indexes(children)) or None,
            rows=node["Actual Rows"] * times,
            in_vain=in_vain * times,
            # Those of a child are counted again in its parent.
            blocks=_blocks(node) - sum(_blocks(child) for child in children if "Relation Name" in child),
            times=times,
            statement=statement,
        )
    for child in children:
        yield from _readings(child, statement)


def _blocks(node: dict[str, Any]) -> int:
    blocks: int = node.get("Shared Hit Blocks", 0) + node.get("Shared Read Blocks", 0)
    return blocks


def _indexes(nodes: Sequence[dict[str, Any]]) -> list[str]:
    return [node["Index Name"] for node in nodes if "Index Name" in node]


async def explain_everything(connection: Any) -> None:
    """Make PostgreSQL tell its plans to all who connect to this database from now on."""
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    for name, value in _SETTINGS.items():
        await connection.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")


@contextmanager
def collecting() -> Iterator[Plans]:
    """Collect the plans of every pool of this process that opens its connections within the block."""
    plans = Plans()

    def listen(connection: Any, _record: Any) -> None:
        connection.driver_connection.add_log_listener(plans.hear)

    event.listen(Pool, "connect", listen)
    try:
        yield plans
    finally:
        event.remove(Pool, "connect", listen)
