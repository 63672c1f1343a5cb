"""Somebody's chat, as far as an answer needs one; Telegram itself is played in the bot's tests."""

from collections.abc import Mapping, Sequence

from vitte.assistant.schemas import ImageRef
from vitte.assistant.tools.schemas import ToolNote
from vitte.clients.llm.protocol import Image
from vitte.core.errors import VitteError


class SomeReply:
    """Keeps what it is given. The n-th message that it sends has the id `first` + n."""

    first = 1000

    def __init__(self) -> None:
        self.drafts: list[str] = []
        self.notes: list[ToolNote] = []
        self.sent: list[tuple[str, VitteError | None]] = []
        self.pictures: dict[str, Image] = {}

    async def load_images(self, images: Sequence[ImageRef]) -> Mapping[str, Image]:
        """Return those of `pictures`."""
        return {one.file_id: self.pictures[one.file_id] for one in images if one.file_id in self.pictures}

    def draft(self, text: str) -> None:
        """Keep it."""
        self.drafts.append(text)

    def status(self, note: ToolNote) -> None:
        """Keep it."""
        self.notes.append(note)

    async def send(self, text: str, *, cut_by: VitteError | None) -> int:
        """Keep it."""
        self.sent.append((text, cut_by))
        return self.first + len(self.sent)
