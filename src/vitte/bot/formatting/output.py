"""The text that a renderer writes, with the spans in it."""

from itertools import pairwise

from vitte.bot.formatting.spans import Formatted, Span


class Output:
    """Collects pieces of a text; places in it are numbers of pieces, so that a piece may still change."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self._gap = 0
        self._fresh = True

    def gap(self, lines: int) -> None:
        """Begin a new line before what is written next, or have an empty one between with `lines=2`."""
        if not self._fresh:
            self._gap = max(self._gap, lines)

    def begins_line(self) -> bool:
        """Tell whether what is written next begins a line."""
        return self._gap > 0

    def here(self) -> int:
        """Return the place of what is written next."""
        if self._gap:
            self._parts.append("\n" * self._gap)
            self._gap = 0
            self._fresh = True
        return len(self._parts)

    def write(self, text: str) -> int:
        """Write some text and return its place."""
        place = self.here()
        self._parts.append(text)
        self._fresh = False
        return place

    def write_marker(self, text: str) -> int:
        """Write what stands before a text on the same line and return its place."""
        place = self.write(text)
        self._fresh = True
        return place

    def end_marker(self) -> None:
        """Let what follows a marker begin on a line of its own."""
        self._fresh = not self._parts or self._parts[-1].endswith("\n")

    def replace(self, place: int, text: str) -> None:
        """Write something else at a place."""
        self._parts[place] = text

    def drop(self, place: int) -> None:
        """Take back what was written from a place on."""
        del self._parts[place:]

    def since(self, place: int) -> str:
        """Return what was written from a place on."""
        return "".join(self._parts[place:])

    def span(self, kind: str, place: int, *, url: str = "", language: str = "") -> None:
        """Make what was written from a place on a span, unless that is nothing."""
        if len(self._parts) > place:
            self._spans.append(Span(kind, place, len(self._parts), url=url, language=language))

    def embed(self, formatted: Formatted) -> None:
        """Write a text with the spans it has."""
        if formatted.text:
            place = self.write("")
            edges = sorted({0, len(formatted.text)}.union(*((s.start, s.end) for s in formatted.spans)))
            at = {edge: place + 1 + number for number, edge in enumerate(edges)}
            self._parts += [formatted.text[a:b] for a, b in pairwise(edges)]
            self._spans += [
                Span(span.kind, at[span.start], at[span.end], url=span.url, language=span.language)
                for span in formatted.spans
            ]

    def finish(self) -> Formatted:
        """Return all that was written, with spans that count characters."""
        offsets = [0]
        for part in self._parts:
            offsets.append(offsets[-1] + len(part))
        spans = [
            Span(span.kind, offsets[span.start], offsets[span.end], url=span.url, language=span.language)
            for span in self._spans
        ]
        return Formatted("".join(self._parts), spans)
