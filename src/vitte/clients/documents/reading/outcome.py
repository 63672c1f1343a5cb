"""What a reader says of a file."""

from vitte.clients.documents.errors import FileError, FileTooComplexError


class Refusal(Exception):  # noqa: N818 - it becomes an error in the process that asked
    """The file cannot be read, and why."""

    def __init__(self, error: type[FileError]) -> None:
        super().__init__(error.code)
        self.error = error


class Words:
    """Text as it is found, up to so many characters; what would go beyond them is not even looked for."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[str] = []
        self._length = 0
        self.is_cut = False

    @property
    def is_full(self) -> bool:
        """Whether reading on would be in vain."""
        return self._length >= self._limit

    def add(self, text: str) -> None:
        """Add what was found."""
        room = self._limit - self._length
        if len(text) > room:
            self.is_cut = True
            text = text[:room]
        self._parts.append(text)
        self._length += len(text)

    def text(self) -> str:
        """Return all of it, without what no message may hold: control characters and halves of others."""
        found = "".join(self._parts).encode(errors="replace").decode()
        found = found.replace("\r\n", "\n").replace("\r", "\n").translate(_UNPRINTABLE)
        return found.strip()


# PostgreSQL stores no NUL, and a terminal would obey the others.
_UNPRINTABLE = dict.fromkeys(
    {*range(32), *range(0x7F, 0xA0), 0xFEFF, 0xFFFE, 0xFFFF} - {ord("\n"), ord("\t")}
)

TOO_COMPLEX = FileTooComplexError
