"""Recordings, and albums."""

from typing import Any

from vitte.sandbox.entities.format import CAPTION_LIMIT, FormattedText, format_text
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.methods.files import content_of, known_file, store
from vitte.sandbox.methods.messages import send_file
from vitte.sandbox.model import Json, StoredFile

_ALBUM_LIMIT = 10
_ALONE = ("document", "audio")
"""Kinds that form albums with their like only: https://core.telegram.org/bots/api#sendmediagroup ."""


@plays("sendVoice")
async def send_voice(call: Call) -> Json:
    """Send a voice message; what is no Opus in OGG, MP3 or M4A arrives as a document."""
    return await send_file(call, "voice")


@plays("sendAudio")
async def send_audio(call: Call) -> Json:
    """Send music."""
    return await send_file(call, "audio")


@plays("sendVideoNote")
async def send_video_note(call: Call) -> Json:
    """Send a round video; what is no MP4 arrives as a document."""
    return await send_file(call, "video_note")


@plays("sendMediaGroup")
async def send_media_group(call: Call) -> list[Json]:
    """Send an album: all of it or nothing. One thing alone is an ordinary message."""
    items: list[Json] = call.params.data("media") or []
    check_album([item.get("type", "") for item in items])
    chat = call.writable_chat()
    reply_to = call.reply_to(chat)
    captions = [_caption(call, item) for item in items]
    files = [await _file(call, item) for item in items]
    world = call.sandbox.world
    call.sandbox.limiter.message(call.bot.id, chat.id, heard_at=chat.heard_at)
    extra = {"media_group_id": world.new_album_id()} if len(items) > 1 else {}
    messages = [
        world.new_message(
            chat,
            from_bot=True,
            reply_to=reply_to,
            caption=caption.text or None,
            entities=caption.entities,
            extra=dict(extra),
            **content_of(world, call.bot, file),
        )
        for file, caption in zip(files, captions, strict=True)
    ]
    return [world.telegram_message(message) for message in messages]


def check_album(kinds: list[str]) -> None:
    """Refuse what cannot be an album, in Telegram's words."""
    if not kinds:
        raise bad_request("there are no messages to send")
    if len(kinds) > _ALBUM_LIMIT:
        raise bad_request("too many messages to send as an album")
    for kind in _ALONE:
        if kind in kinds and set(kinds) != {kind}:
            raise bad_request(f"{kind} can't be mixed with other media types")


def _caption(call: Call, item: Json) -> FormattedText:
    formatted = format_text(
        item.get("caption") or "",
        parse_mode=item.get("parse_mode") or "",
        entities=item.get("caption_entities"),
        resolve_user=call.sandbox.world.user,
    )
    if utf16_length(formatted.text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return formatted


async def _file(call: Call, item: Json) -> StoredFile:
    kind, reference = item["type"], str(item.get("media") or "")
    if kind not in {"photo", "document", "audio"}:
        raise bad_request(f"the sandbox does not play albums with {kind} yet")
    if reference.startswith("attach://"):
        upload: Any = call.params.files.get(reference.removeprefix("attach://"))
        if upload is None:
            raise bad_request("can't parse InputMedia: media not found")
        return await store(call.sandbox.world, kind, upload, duration=item.get("duration") or 0)
    return known_file(call.sandbox.world, call.bot, reference, kind)
