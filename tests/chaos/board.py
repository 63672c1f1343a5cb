"""The table of all faults that were tried."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from tests.chaos.checker import Figures

_HEAD = ("fault", "asked", "lost", "doubled", "repeated", "disordered", "p95", "worst", "took", "")


@dataclass
class Row:
    """One fault: its figures, and what they should have been and were not."""

    fault: str
    is_naive: bool = False
    is_timed: bool = True
    """Whether being late breaks a promise: only where nothing else may hold the machine up."""
    figures: Figures | None = None
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_complete: bool = False

    def require(self, condition: bool, promise: str) -> None:
        """Note the promise as broken unless `condition` holds."""
        if not condition:
            self.broken.append(promise)

    def require_in_time(self, condition: bool, promise: str) -> None:
        """Note the promise as broken, or as late where time is not measured, unless `condition` holds."""
        if self.is_timed:
            self.require(condition, promise)
        elif not condition:
            self.notes.append(promise)

    def require_nothing_wrong(self, figures: Figures, *, repeats: int = 0) -> None:
        """Take the figures, and require what every row does; `repeats` is how many there may be."""
        self.figures = figures
        self.require(figures.lost == 0, f"{figures.lost} lost")
        self.require(figures.doubled == 0, f"{figures.doubled} doubled")
        self.require(figures.disordered == 0, f"{figures.disordered} chats out of order")
        self.require(figures.repeated <= repeats, f"{figures.repeated} repeated, at most {repeats} may be")

    @property
    def passed(self) -> bool:
        """Whether all promises were kept; by the naive bot, whether they were seen to be broken."""
        return self.is_complete and bool(self.broken) == self.is_naive

    def cells(self) -> list[str]:
        """Return the row as it is printed."""
        figures, cells = self.figures, [self.fault]
        if figures is None:
            cells += ["-"] * 7
        else:
            counts = (figures.asked, figures.lost, figures.doubled, figures.repeated, figures.disordered)
            cells += [*map(str, counts), f"{figures.p95:.2f}", f"{figures.worst:.2f}"]
        verdict = "pass" if self.passed else "FAIL"
        if self.is_naive:
            verdict = "fails, as it should" if self.passed else "PASSES, and should not"
        said = [*self.notes, *self.broken] if self.is_complete else ["did not come to its end"]
        return [*cells, f"{self.seconds:.0f} s", ": ".join(filter(None, (verdict, "; ".join(said))))]


class Board:
    """Collects the rows of a run."""

    def __init__(self, *, is_timed: bool) -> None:
        self._is_timed = is_timed
        self.rows: list[Row] = []

    @contextmanager
    def row(self, fault: str, *, is_naive: bool = False) -> Iterator[Row]:
        """Measure one fault; the row is kept also when the block fails."""
        row = Row(fault, is_naive=is_naive, is_timed=self._is_timed)
        self.rows.append(row)
        begun = monotonic()
        try:
            yield row
            row.is_complete = True
        finally:
            row.seconds = monotonic() - begun
        assert row.passed, " | ".join(row.cells())

    def table(self) -> list[str]:
        """Return the lines of the table."""
        lines = [list(_HEAD), *(row.cells() for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
        return [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        ]
