"""A message, read."""

from dataclasses import dataclass

from vitte.assistant.schemas import ImageRef

__all__ = ["DocumentRef", "ImageRef", "Input", "VoiceRef"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceRef:
    """A recording at Telegram. `duration` is in seconds, `size` in bytes where Telegram tells it."""

    file_id: str
    mime_type: str
    duration: int
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRef:
    """A file at Telegram, with the name that its sender gave it."""

    file_id: str
    name: str
    mime_type: str | None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What a message holds; an album is one of several messages.

    `quoted` is what it replies to, and `quotes_bot` whether that was the bot's own. `forwarded_from` names
    who said it first.
    """

    text: str = ""
    images: tuple[ImageRef, ...] = ()
    voice: VoiceRef | None = None
    documents: tuple[DocumentRef, ...] = ()
    quoted: str | None = None
    quotes_bot: bool = False
    forwarded_from: str | None = None
