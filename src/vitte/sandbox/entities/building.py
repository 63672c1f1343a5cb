"""What the three parsers share: the text they write, the entities they find in it and how they refuse."""

from dataclasses import dataclass, field

from vitte.sandbox.entities.links import checked_link, linked_user
from vitte.sandbox.entities.model import Entity, utf16_length
from vitte.sandbox.errors import bad_request

SPACES = " \t\r\n\0\v"
"""What the parsers take for white space."""


class ParseError(Exception):
    """The marked-up text is wrong; the message is Telegram's."""


def cannot_parse(error: ParseError) -> Exception:
    """Return the refusal a bot gets for wrong mark-up."""
    return bad_request(f"can't parse entities: {error}")


def byte_offset(text: str, index: int) -> int:
    """Return where the character at `index` begins in the UTF-8 form of the text."""
    return len(text[:index].encode("utf-8", "surrogatepass"))


@dataclass(slots=True)
class Output:
    """The text without its mark-up; `units` is its length in UTF-16 units so far."""

    pieces: list[str] = field(default_factory=list)
    units: int = 0
    entities: list[Entity] = field(default_factory=list)

    def write(self, piece: str) -> None:
        """Append some characters."""
        self.pieces.append(piece)
        self.units += utf16_length(piece)

    def text(self) -> str:
        """Return what was written."""
        return "".join(self.pieces)

    def since(self, index: int) -> str:
        """Return what was written after the first `index` pieces."""
        return "".join(self.pieces[index:])

    def add(self, kind: str, offset: int, *, url: str = "", language: str = "") -> None:
        """Add an entity from `offset` to here, unless it is empty."""
        if self.units > offset:
            self.entities.append(Entity(kind, offset, self.units - offset, url=url, language=language))

    def add_link(self, offset: int, url: str) -> None:
        """Add a link or the mention of a user; an address that links to nothing adds nothing."""
        if self.units <= offset:
            return
        length = self.units - offset
        if user_id := linked_user(url):
            self.entities.append(Entity("text_mention", offset, length, user_id=user_id))
        elif link := checked_link(url):
            self.entities.append(Entity("text_link", offset, length, url=link))
