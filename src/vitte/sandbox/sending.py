"""How a person of a sandbox in another process sends files."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import aiohttp

from vitte.sandbox.model import Json


class FileSender:
    """Sends what a person has beside words. Each method returns the message as the person sees it."""

    async def send_photo(
        self, content: bytes, *, caption: str = "", name: str = "photo.png", reply_to: int | None = None
    ) -> Json:
        """Send a photo."""
        return await self._upload("/photos", content, caption=caption, name=name, reply_to=reply_to)

    async def send_document(
        self,
        content: bytes,
        *,
        name: str,
        caption: str = "",
        mime_type: str = "",
        reply_to: int | None = None,
    ) -> Json:
        """Send a file."""
        return await self._upload(
            "/documents", content, caption=caption, name=name, mime_type=mime_type, reply_to=reply_to
        )

    async def send_voice(self, content: bytes, *, caption: str = "") -> Json:
        """Send a voice message: Opus in OGG, as Telegram's clients record it."""
        return await self._upload("/voices", content, caption=caption, name="voice.oga")

    async def send_audio(self, content: bytes, *, name: str, caption: str = "") -> Json:
        """Send music."""
        return await self._upload("/audios", content, caption=caption, name=name)

    async def send_video_note(self, content: bytes) -> Json:
        """Send a round video."""
        return await self._upload("/video_notes", content, name="note.mp4")

    async def send_album(
        self, files: Iterable[tuple[str, bytes]], *, kind: str = "photo", caption: str = ""
    ) -> list[Json]:
        """Send 2 to 10 files, each a name and its bytes, as one album of photos, documents or audio."""
        form = aiohttp.FormData({"kind": kind, "caption": caption})
        for name, content in files:
            form.add_field("file", BytesIO(content), filename=name)
        messages: list[Json] = await self._post_form("/albums", form)
        return messages

    async def _upload(
        self,
        path: str,
        content: bytes,
        *,
        name: str,
        caption: str = "",
        mime_type: str = "",
        reply_to: int | None = None,
    ) -> Json:
        form = aiohttp.FormData()
        form.add_field("file", BytesIO(content), filename=name, content_type=mime_type or None)
        form.add_field("caption", caption)
        if reply_to is not None:
            form.add_field("reply_to_message_id", str(reply_to))
        message: Json = await self._post_form(path, form)
        return message

    async def _post_form(self, path: str, form: aiohttp.FormData) -> Any:
        """Post a form to an address below that of the person's chat."""
        raise NotImplementedError
