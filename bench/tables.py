"""Tables for people."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], *, names: int = 1) -> list[str]:
    """Return rows as lines: the first columns, so many `names`, to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < names else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
