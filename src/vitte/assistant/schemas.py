"""What a turn of a conversation is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from vitte.assistant.places import Place
from vitte.assistant.tools.schemas import ToolNote
from vitte.clients.llm.protocol import Image
from vitte.core.errors import VitteError
from vitte.core.tokens import IMAGE_TOKENS, count_tokens
from vitte.memory.schemas import Known
from vitte.usage.schemas import Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A picture at Telegram; the bot may fetch it by its id as often as it likes."""

    file_id: str
    mime_type: str
    width: int = 0
    height: int = 0
    unique_id: str = field(default="", compare=False)
    """Tells it from others: a `file_id` may be another one in each update that brings the picture.

    https://core.telegram.org/bots/api#photosize . Empty in what was stored before it was kept.
    """

    def is_same(self, other: "ImageRef") -> bool:
        """Tell whether it is the same picture, however it came."""
        if self.unique_id and other.unique_id:
            return self.unique_id == other.unique_id
        return self.file_id == other.file_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person wrote. `telegram_message_id` tells a question that comes in again from a new one."""

    text: str
    telegram_message_id: int
    images: tuple[ImageRef, ...] = ()
    media_group_id: str | None = None
    album: tuple[int, ...] = ()
    """The messages that it is made of, by their ids, where they are parts of an album."""
    author: str | None = None
    """Who asks, by name, where others may ask too."""

    @property
    def tokens(self) -> int:
        """What it takes of a model's context, by estimate."""
        return count_tokens(self.text) + IMAGE_TOKENS * len(self.images)

    @property
    def extra_data(self) -> dict[str, Any]:
        """What is stored of it beside its text."""
        extra: dict[str, Any] = {}
        if self.images:
            extra["images"] = [
                {
                    "file_id": one.file_id,
                    "mime_type": one.mime_type,
                    "width": one.width,
                    "height": one.height,
                }
                for one in self.images
            ]
            # Beside them: the version before reads each of the list with exactly these keys.
            extra["image_ids"] = [one.unique_id for one in self.images]
        if self.media_group_id is not None:
            extra["media_group_id"] = self.media_group_id
        if self.album:
            extra["album"] = list(self.album)
        return extra


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuestion:
    """A question that was asked before; `is_newest` tells whether nothing was asked since."""

    question: Question
    is_newest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A question that is to be answered once more, and the answer it had, as it was stored."""

    question: Question
    question_id: int
    answer: Mapping[str, Any] | None
    """None when it was taken back before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer that was made before; `is_sent` tells whether the person has it."""

    id: int
    text: str
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, who asks it, and where.

    `budget` is how many tokens question and earlier messages may take together. `persona` is whom a dialog
    speaks with that begins with this question. `room_for_facts` is how many characters of what is known of
    the person may be told with it.
    """

    user_id: int
    question: Question
    place: Place | None = None
    budget: int = 8192
    persona: str | None = None
    room_for_facts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a dialog."""

    role: Literal["user", "assistant"]
    text: str
    images: tuple[ImageRef, ...] = ()
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A stored question with what was said before it and itself, oldest message first."""

    dialog_id: int
    question_id: int
    context: list[Said]
    answer: StoredAnswer | None
    """The one that it has already; the context is then only the question."""
    is_stopped: bool
    """Whether the person has said already that they want no answer."""
    persona: str | None = None
    """Key of the persona that the dialog speaks with."""
    summary: str | None = None
    """What was said before the context."""
    is_cut: bool = False
    """Whether something is missing between summary and context: it did not fit."""
    unsummarised: int = 0
    """Tokens of all that was said since the summary, the question included."""
    known: Known | None = None
    """What is known of the person, if that is to be told."""

    @property
    def is_first(self) -> bool:
        """Whether nothing was said before that got an answer."""
        return len(self.context) == 1 and self.summary is None and not self.is_cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model, by its name, has said in a turn.

    `orders` are the jobs that are to be done once it is stored, by name, with what `JobService.enqueue` takes
    of each.
    """

    turn: Turn
    text: str
    model: str
    orders: tuple[tuple[str, dict[str, Any]], ...] = field(default=(), compare=False)
    taught_by: Asked | None = None
    """The question, when the memory is to learn from it."""
    used: Settlement | None = None
    """What its last call to a model took, if that is not settled yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A question that its author has changed, at a time of Telegram's clock."""

    user_id: int
    question: Question
    place: Place | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that a person has, and the Telegram message by which they have it."""

    text: str
    message_id: int


class Reply(Protocol):
    """Where an answer goes, and pictures come from. The messenger is the outside world."""

    async def load_images(self, images: Sequence[ImageRef]) -> Mapping[str, Image]:
        """Return pictures by their file ids, as far as there are any left. Raises VitteError."""
        ...

    def draft(self, text: str) -> None:
        """Show the answer so far. Returns at once; older drafts that were not shown yet are dropped."""
        ...

    def status(self, note: ToolNote) -> None:
        """Show what is being done for the answer, until it goes on."""
        ...

    async def send(self, text: str, *, cut_by: VitteError | None) -> int:
        """Send the final text, which replaces the draft, and return its message's id.

        `cut_by` is why the answer ends before its end, when it does: the person is to be told.
        """
        ...
