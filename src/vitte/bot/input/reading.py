"""Reads messages. Nothing is fetched here."""

from collections.abc import Sequence

from aiogram.types import Document, Message, PhotoSize

from vitte.bot.input.schemas import DocumentRef, ImageRef, Input, VoiceRef

_ENOUGH = 1_500_000
"""Pixels that show all a model sees: what is larger it is sent smaller anyway."""
_MOST_QUOTED = 1000
"""Characters of what is replied to: mostly it is known from what was said before."""
_LONGEST_NAME = 100
_MEDIA = (
    "photo",
    "document",
    "voice",
    "audio",
    "video_note",
    "sticker",
    "venue",
    "location",
    "contact",
    "dice",
)
_NOT_TAKEN = (
    "animation",
    "video",
    "poll",
    "story",
    "game",
    "paid_media",
    "checklist",
    "giveaway",
    "invoice",
)
"""What people send and nothing can be made of. A GIF has a `document` as well, a venue a `location`."""


def is_question(message: Message) -> bool:
    """Tell whether there is something to answer: words, or what words can be made of or a model can see."""
    if message.text:
        return bool(message.text.strip())
    return not_taken(message) is None and any(getattr(message, name) for name in _MEDIA)


def not_taken(message: Message) -> str | None:
    """Name what the message is that cannot be taken; None when it can, or when a person has not sent it."""
    return next((name for name in _NOT_TAKEN if getattr(message, name) is not None), None)


def read(message: Message) -> Input:
    """Return what the message holds."""
    quoted, quotes_bot = _quoted(message)
    images = _images(message)
    if not images and message.text and message.reply_to_message is not None:
        # Whoever asks about a picture replies to it.
        images = _images(message.reply_to_message)
    return Input(
        text=message.text or message.caption or _in_words(message),
        images=images,
        voice=_voice(message),
        documents=_documents(message),
        quoted=quoted,
        quotes_bot=quotes_bot,
        forwarded_from=_origin(message),
    )


def together(parts: Sequence[Message]) -> Input:
    """Return what the parts of an album hold, as one."""
    read_parts = [read(part) for part in parts]
    first = read_parts[0]
    return Input(
        text="\n\n".join(part.text for part in read_parts if part.text),
        images=tuple(image for part in read_parts for image in part.images),
        voice=next((part.voice for part in read_parts if part.voice), None),
        documents=tuple(document for part in read_parts for document in part.documents),
        quoted=first.quoted,
        quotes_bot=first.quotes_bot,
        forwarded_from=first.forwarded_from,
    )


def _images(message: Message) -> tuple[ImageRef, ...]:
    if message.photo:
        size = _enough(message.photo)
        # Telegram makes a JPEG of every photo.
        photo = ImageRef(
            file_id=size.file_id,
            mime_type="image/jpeg",
            width=size.width,
            height=size.height,
            unique_id=size.file_unique_id,
        )
        return (photo,)
    document = message.document
    if document is not None and _is_picture(document):
        return (
            ImageRef(
                file_id=document.file_id,
                mime_type=str(document.mime_type),
                unique_id=document.file_unique_id,
            ),
        )
    return ()


def _enough(sizes: Sequence[PhotoSize]) -> PhotoSize:
    """Choose the largest size that is not more than is seen, else the smallest."""
    by_size = sorted(sizes, key=lambda size: size.width * size.height)
    fitting = [size for size in by_size if size.width * size.height <= _ENOUGH]
    return fitting[-1] if fitting else by_size[0]


def _is_picture(document: Document) -> bool:
    # An SVG is a drawing in words.
    kind = document.mime_type or ""
    return kind.startswith("image/") and not kind.startswith("image/svg")


def _documents(message: Message) -> tuple[DocumentRef, ...]:
    document = message.document
    if document is None or _is_picture(document):
        return ()
    return (
        DocumentRef(
            file_id=document.file_id,
            name=" ".join((document.file_name or "file").split())[:_LONGEST_NAME],
            mime_type=document.mime_type,
            size=document.file_size,
        ),
    )


def _voice(message: Message) -> VoiceRef | None:
    recording = message.voice or message.audio or message.video_note
    if recording is None:
        return None
    # A video message says nothing of its type: Telegram makes an MP4 of every one.
    default = "video/mp4" if message.video_note is not None else "audio/ogg"
    return VoiceRef(
        file_id=recording.file_id,
        mime_type=getattr(recording, "mime_type", None) or default,
        duration=recording.duration,
        size=recording.file_size,
    )


def _in_words(message: Message) -> str:
    """Return what can be said of a message without words of its own."""
    if message.sticker is not None:
        return message.sticker.emoji or "[Sticker]"
    if message.venue is not None:
        place = message.venue
        return f"[Place: {place.title}, {place.address} ({_point(message)})]"
    if message.location is not None:
        return f"[Location: {_point(message)}]"
    if message.contact is not None:
        names = (message.contact.first_name, message.contact.last_name, message.contact.phone_number)
        return f"[Contact: {' '.join(name for name in names if name)}]"
    if message.dice is not None:
        return f"{message.dice.emoji} {message.dice.value}"
    return ""


def _point(message: Message) -> str:
    location = message.venue.location if message.venue is not None else message.location
    return f"{location.latitude:.6f}, {location.longitude:.6f}" if location is not None else ""


def _quoted(message: Message) -> tuple[str | None, bool]:
    """Return what the message replies to, and whether the bot has said it."""
    replied = message.reply_to_message
    if replied is not None and replied.forum_topic_created is not None:
        # So begins a topic: whatever is written there "replies" to it.
        return None, False
    by_bot = replied is not None and replied.from_user is not None and replied.from_user.is_bot
    if message.quote is not None:
        return _short(message.quote.text), by_bot
    if replied is None:
        return None, False
    return _short(replied.text or replied.caption or _in_words(replied) or _kind_in_words(replied)), by_bot


def _kind_in_words(message: Message) -> str:
    if message.document is not None:
        return f"[File: {message.document.file_name or 'without a name'}]"
    return f"[{message.content_type.replace('_', ' ')}]"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"


def _origin(message: Message) -> str | None:
    """Return the name of who said it first: a person, one who hides their account, a chat or a channel."""
    origin = message.forward_origin
    if origin is None:
        return None
    if (user := getattr(origin, "sender_user", None)) is not None:
        return str(user.full_name)
    if (name := getattr(origin, "sender_user_name", None)) is not None:
        return str(name)
    chat = getattr(origin, "sender_chat", None) or getattr(origin, "chat", None)
    return str(chat.full_name) if chat is not None else None
