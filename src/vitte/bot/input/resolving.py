"""Makes words of what is read: recordings are written down, files are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiogram import Bot

from vitte.assistant.speaking import HearingService
from vitte.bot.input.errors import NothingHeardError, PictureUnsupportedError, VoiceNotConfiguredError
from vitte.bot.input.schemas import DocumentRef, ImageRef, Input, VoiceRef
from vitte.clients.documents.errors import FileError
from vitte.clients.documents.metrics import FILES_READ
from vitte.clients.documents.reader import DocumentReader
from vitte.clients.llm.protocol import Image
from vitte.clients.telegram.files import TelegramFiles
from vitte.core.errors import VitteError
from vitte.core.settings.input import FilesSettings
from vitte.core.tokens import count_tokens, head_of

logger = structlog.get_logger(__name__)

_SEEN = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
"""How the pictures begin that models look at; and WebP, which is two words apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the model is asked, in words, and what the person is told of how it came to be.

    `cut` names the files of which only the beginning was read, `failed` says why others were not. When
    nothing could be read there is nothing to ask: `text` is empty, whatever was written beside the files.
    """

    text: str
    transcript: str | None = None
    cut: tuple[str, ...] = ()
    failed: tuple[FileError, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str
    pages: int | None
    is_cut: bool


class InputResolver:
    """Fetches, reads and listens. Lives as long as its process."""

    def __init__(
        self,
        files: TelegramFiles,
        documents: DocumentReader,
        hearing: HearingService,
        settings: FilesSettings,
    ) -> None:
        self._files = files
        self._documents = documents
        self._hearing = hearing
        self._settings = settings

    async def resolve(self, asked: Input, *, bot: Bot, user_id: int, room: int | None = None) -> Resolved:
        """Return all of it as text, except for pictures.

        `room` is how many tokens all files may take together. Raises SpeechError, VoiceNotConfiguredError and
        NothingHeardError, FileError for a recording that Telegram does not hand out, and LimitReachedError.
        """
        transcript = await self._hear(asked.voice, bot, user_id) if asked.voice is not None else None
        read, failed = await self._read_all(asked.documents, bot)
        if failed and not (read or asked.images):
            return Resolved(text="", failed=tuple(failed))
        read = _fitted(read, room) if room is not None else read
        return Resolved(
            text=_composed(asked, transcript, read, failed),
            transcript=transcript,
            cut=tuple(file.name for file in read if file.is_cut),
            failed=tuple(failed),
        )

    async def load_images(self, refs: Sequence[ImageRef], *, bot: Bot) -> Mapping[str, Image]:
        """Return pictures by their file ids: those that Telegram still hands out, the newest `max_images`.

        Raises PictureUnsupportedError for one that no model looks at.
        """
        loaded = {}
        for ref in refs[-self._settings.max_images :]:
            try:
                loaded[ref.file_id] = await self._load(ref, bot)
            except FileError as error:
                # What was said of it stays in the dialog.
                FILES_READ.labels("image", error.code).inc()
                logger.info("picture_not_loaded", code=error.code, reason=str(error))
        return loaded

    async def _load(self, ref: ImageRef, bot: Bot) -> Image:
        content = await self._files.download(bot, ref.file_id, name="🖼")
        kind = next((kind for start, kind in _SEEN.items() if content.startswith(start)), None)
        if kind is None and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            kind = "image/webp"
        if kind is None or len(content) > self._settings.max_image_bytes:
            FILES_READ.labels("image", PictureUnsupportedError.code).inc()
            raise PictureUnsupportedError(f"{ref.mime_type} of {len(content)} bytes")
        FILES_READ.labels("image", "read").inc()
        return Image(kind, content)

    async def _hear(self, voice: VoiceRef, bot: Bot, user_id: int) -> str:
        if not self._hearing.is_possible:
            raise VoiceNotConfiguredError
        try:
            content = await self._files.download(bot, voice.file_id, name="🎙", size=voice.size)
            text = await self._hearing.hear(
                user_id, content, mime_type=voice.mime_type, seconds=voice.duration
            )
            if not text:
                raise NothingHeardError
        except VitteError as error:
            FILES_READ.labels("voice", error.code).inc()
            raise
        FILES_READ.labels("voice", "read").inc()
        logger.info("voice_heard", duration=voice.duration, characters=len(text))
        return text

    async def _read_all(
        self, documents: Sequence[DocumentRef], bot: Bot
    ) -> tuple[list[_File], list[FileError]]:
        read, failed = [], []
        for document in documents:
            try:
                read.append(await self._read(document, bot))
            except FileError as error:
                logger.info("file_refused", code=error.code, reason=str(error))
                failed.append(error)
        return read, failed

    async def _read(self, document: DocumentRef, bot: Bot) -> _File:
        # Before it is fetched: what cannot be read is not worth the way.
        kind = self._documents.check(document.name, document.mime_type, size=document.size)
        try:
            content = await self._files.download(bot, document.file_id, name=document.name)
        except FileError as error:
            FILES_READ.labels(kind, error.code).inc()
            raise
        found = await self._documents.read(content, name=document.name, mime_type=document.mime_type)
        return _File(document.name, found.text, found.pages, found.is_cut)


def _fitted(files: list[_File], room: int) -> list[_File]:
    """Cut what does not fit: the short ones stay whole, and the long ones share what is left."""
    fitted, left = {}, room
    for number, file in enumerate(sorted(files, key=lambda one: len(one.text))):
        share = left // (len(files) - number)
        text = file.text if count_tokens(file.text) <= share else head_of(file.text, share)
        left -= count_tokens(text)
        fitted[file] = _File(file.name, text, file.pages, file.is_cut or text != file.text)
    return [fitted[file] for file in files]


def _composed(
    asked: Input, transcript: str | None, files: Sequence[_File], failed: Sequence[FileError]
) -> str:
    """Put it together for a model. Plain words stay as they are."""
    parts = []
    if asked.forwarded_from is not None:
        parts.append(f"[Forwarded from {asked.forwarded_from}]")
    if asked.quoted:
        whose = "what you said" if asked.quotes_bot else "this"
        quote = "\n".join(f"> {line}" for line in asked.quoted.splitlines())
        parts.append(f"[In reply to {whose}:]\n{quote}")
    parts += [text for text in (asked.text, transcript) if text]
    for file in files:
        pages = f", {file.pages} pages" if file.pages else ""
        cut = ", only its beginning" if file.is_cut else ""
        parts.append(f"[File “{file.name}”{pages}{cut}:]\n{file.text}\n[End of the file]")
    parts += [f"[File “{error.params.get('name')}” could not be read]" for error in failed]
    return "\n\n".join(parts)
