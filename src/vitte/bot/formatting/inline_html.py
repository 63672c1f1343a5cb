"""The few tags that models write in the midst of Markdown; all others are shown as they are written."""

import re

from vitte.bot.formatting.output import Output
from vitte.bot.formatting.spans import BOLD, ITALIC, STRIKE, UNDERLINE

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z]+)\s*/?>", re.IGNORECASE)
_KINDS = {
    **dict.fromkeys(("b", "strong"), BOLD),
    **dict.fromkeys(("i", "em"), ITALIC),
    **dict.fromkeys(("u", "ins"), UNDERLINE),
    **dict.fromkeys(("s", "del", "strike"), STRIKE),
}


class InlineHtml:
    """Makes spans of pairs of tags, once their second half is there."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._open: list[tuple[str, int]] = []

    def tag(self, html: str) -> None:
        """Take what the parser found to be HTML."""
        found = _TAG.fullmatch(html.strip())
        name = found["name"].lower() if found is not None else ""
        if name == "br":
            self._output.gap(1)
        elif found is None or name not in _KINDS:
            self._output.write(html)
        elif not found["end"]:
            self._open.append((name, self._output.write(html)))
        elif any(opened == name for opened, _ in self._open):
            self._close(name)
        else:
            self._output.write(html)

    def forget(self) -> None:
        """Leave what is open as it is written: a block ends."""
        self._open.clear()

    def _close(self, name: str) -> None:
        while True:
            opened, place = self._open.pop()
            if opened == name:
                break
        self._output.replace(place, "")
        self._output.span(_KINDS[name], place)
