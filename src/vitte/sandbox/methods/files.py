"""Files as bots know them: by ids that only one bot can use."""

import base64
import mimetypes
from pathlib import PurePath

from vitte.sandbox.audio import is_mp4, read_voice
from vitte.sandbox.errors import bad_request
from vitte.sandbox.images import Picture, read_picture
from vitte.sandbox.methods.params import Params, UploadedFile
from vitte.sandbox.model import Bot, Json, StoredFile
from vitte.sandbox.world import World

PHOTO_LIMIT = 10 << 20
"""Bytes of a photo: https://core.telegram.org/bots/api#sendphoto ."""
_SIDES_LIMIT = 10_000
_RATIO_LIMIT = 20
_SMALL_SIDE = 320
_NOTE_SIDE = 240
_KIND_NAMES = {
    "photo": "Photo",
    "document": "Document",
    "voice": "VoiceNote",
    "audio": "Audio",
    "video_note": "VideoNote",
}
RECORDINGS = frozenset({"voice", "audio", "video_note"})


def file_id(bot: Bot, file: StoredFile) -> str:
    """Return the id by which this bot may name the file."""
    text = f"{file.kind[0]}.{bot.id}.{file.unique_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def file_by_id(world: World, bot: Bot, name: str) -> StoredFile | None:
    """Return the file that this bot's id names."""
    try:
        text = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except ValueError:
        return None
    _, _, rest = text.partition(".")
    owner, _, unique_id = rest.partition(".")
    file = world.files.get(unique_id)
    return file if file is not None and owner == str(bot.id) and file_id(bot, file) == name else None


async def sent_file(world: World, bot: Bot, params: Params, kind: str) -> StoredFile:
    """Return the file that a call sends: uploaded, or sent before and named by its id."""
    upload = params.file(kind)
    if upload is not None:
        return await store(world, kind, upload, duration=params.integer("duration"))
    reference = params.text(kind)
    if not reference or reference.startswith("attach://"):
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    return known_file(world, bot, reference, kind)


async def store(world: World, kind: str, upload: UploadedFile, *, duration: int = 0) -> StoredFile:
    """Keep a file that came with a call. What is no voice message becomes a document, as at Telegram."""
    if kind == "photo":
        return await store_photo(world, upload.content)
    if kind == "voice" and read_voice(upload.content) is not None:
        return await store_recording(world, kind, upload.content, duration=duration)
    if kind == "video_note" and is_mp4(upload.content):
        return await store_recording(world, kind, upload.content, duration=duration)
    if kind == "audio":
        return await store_recording(
            world,
            kind,
            upload.content,
            name=upload.name,
            mime_type=upload.content_type,
            duration=duration,
        )
    return await store_document(world, upload.content, name=upload.name, mime_type=upload.content_type)


def known_file(world: World, bot: Bot, reference: str, kind: str) -> StoredFile:
    """Return the file of this kind that a call names by its id."""
    if reference.lower().startswith(("http://", "https://")):
        # The sandbox opens no connection to the outside.
        raise bad_request("failed to get HTTP URL content")
    file = file_by_id(world, bot, reference)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if file.kind != kind:
        raise bad_request(f"can't use file of type {_KIND_NAMES[file.kind]} as {_KIND_NAMES[kind]}")
    return file


async def store_photo(world: World, content: bytes) -> StoredFile:
    """Keep a photo; raise `BotApiError` when it is none, too big or too long."""
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > PHOTO_LIMIT:
        size = f"file of size {len(content)} bytes"
        raise bad_request(f"{size} is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes")
    picture = read_picture(content)
    if picture is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    _check_sides(picture)
    return await world.add_file(
        content,
        kind="photo",
        mime_type=picture.mime_type,
        suffix=picture.suffix,
        size=(picture.width, picture.height),
    )


def _check_sides(picture: Picture) -> None:
    long, short = max(picture.width, picture.height), min(picture.width, picture.height)
    if not short or long + short > _SIDES_LIMIT or long > short * _RATIO_LIMIT:
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


async def store_document(world: World, content: bytes, *, name: str, mime_type: str) -> StoredFile:
    """Keep a document; raise `BotApiError` when it is empty."""
    if not content:
        raise bad_request("file must be non-empty")
    guessed = mimetypes.guess_type(name)[0]
    kind = guessed or mime_type or "application/octet-stream"
    return await world.add_file(
        content, kind="document", mime_type=kind, suffix=PurePath(name).suffix[:16], name=name or "file"
    )


async def store_recording(
    world: World, kind: str, content: bytes, *, name: str = "", mime_type: str = "", duration: int = 0
) -> StoredFile:
    """Keep a recording; raise `BotApiError` when it is empty."""
    if not content:
        raise bad_request("file must be non-empty")
    found = read_voice(content)
    if kind == "video_note":
        mime_type, suffix = "video/mp4", ".mp4"
    else:
        guessed = mimetypes.guess_type(name)[0] or mime_type
        mime_type = found.mime_type if found is not None else guessed or "audio/mpeg"
        suffix = found.suffix if found is not None else PurePath(name).suffix[:16]
    return await world.add_file(
        content,
        kind=kind,
        mime_type=mime_type,
        suffix=suffix,
        name=name or None,
        size=(_NOTE_SIDE, _NOTE_SIDE) if kind == "video_note" else (0, 0),
        duration=duration or (found.duration if found is not None else 0),
    )


def content_of(world: World, bot: Bot, file: StoredFile) -> Json:
    """Return what a message with this file has for content."""
    if file.kind == "photo":
        return {"photo": photo_sizes(world, bot, file)}
    if file.kind == "document":
        return {"document": document(bot, file)}
    recording: Json = {
        "file_id": file_id(bot, file),
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "duration": file.duration,
    }
    if file.kind == "video_note":
        recording["length"] = file.width
    else:
        recording["mime_type"] = file.mime_type
    if file.kind == "audio" and file.name:
        recording["file_name"] = file.name
    return {"media": {file.kind: recording}}


def photo_sizes(world: World, bot: Bot, file: StoredFile) -> list[Json]:
    """Return the `PhotoSize` objects of a photo: a small one when it is big, and the photo itself.

    The small one has the bytes of the big one: the sandbox does not shrink pictures.
    """
    sizes = []
    longest = max(file.width, file.height)
    if longest > _SMALL_SIDE:
        small = world.files.get(f"{file.unique_id}m")
        if small is None:
            scale = _SMALL_SIDE / longest
            small = StoredFile(
                f"{file.unique_id}m",
                file.kind,
                file.blob,
                file.path,
                file.size,
                file.mime_type,
                width=max(1, round(file.width * scale)),
                height=max(1, round(file.height * scale)),
            )
            world.save_file(small)
        sizes.append(_photo_size(bot, small))
    return [*sizes, _photo_size(bot, file)]


def _photo_size(bot: Bot, file: StoredFile) -> Json:
    return {
        "file_id": file_id(bot, file),
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "width": file.width,
        "height": file.height,
    }


def document(bot: Bot, file: StoredFile) -> Json:
    """Return the Telegram `Document`."""
    return {
        "file_name": file.name,
        "mime_type": file.mime_type,
        "file_id": file_id(bot, file),
        "file_unique_id": file.unique_id,
        "file_size": file.size,
    }
