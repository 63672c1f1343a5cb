"""How a message looks to a bot and to a person."""

from typing import Any

from vitte.sandbox.model import Json, Message


def message_to_bot(message: Message, *, chat: Json, sender: Json | None) -> Json:
    """Return the Telegram `Message` without what it replies to."""
    answer: Json = {"message_id": message.id}
    if sender is not None:
        answer["from"] = sender
    answer["chat"] = chat
    answer["date"] = message.date
    if message.edit_date is not None:
        answer["edit_date"] = message.edit_date
    answer.update(message.extra)
    if message.text is not None:
        answer["text"] = message.text
        if message.entities:
            answer["entities"] = message.entities
    if message.photo:
        answer["photo"] = message.photo
    if message.document is not None:
        answer["document"] = message.document
    answer.update(message.media)
    if message.caption is not None:
        answer["caption"] = message.caption
        if message.entities:
            answer["caption_entities"] = message.entities
    if (keyboard := message.inline_keyboard) is not None:
        answer["reply_markup"] = keyboard
    return answer


def message_to_person(message: Message) -> Json:
    """Return the message as the people side shows it."""
    shown: Json = {
        "message_id": message.id,
        "from_bot": message.from_bot,
        "date": message.date,
        "entities": message.entities,
    }
    _add(shown, "edit_date", message.edit_date)
    _add(shown, "text", message.text)
    _add(shown, "caption", message.caption)
    _add(shown, "reply_markup", message.reply_markup)
    _add(shown, "reply_to_message_id", message.reply_to)
    if message.photo:
        largest = message.photo[-1]
        shown["photo_url"] = f"/sandbox/files/{largest['file_unique_id']}"
        shown["photo_width"] = largest["width"]
        shown["photo_height"] = largest["height"]
    if message.document is not None:
        shown["document_url"] = f"/sandbox/files/{message.document['file_unique_id']}"
        _add(shown, "document_name", message.document.get("file_name"))
    for kind, recording in message.media.items():
        shown["media_kind"] = kind
        shown["media_url"] = f"/sandbox/files/{recording['file_unique_id']}"
        shown["media_duration"] = recording["duration"]
        _add(shown, "media_name", recording.get("file_name"))
    for name in ("media_group_id", "quote", "forward_origin"):
        _add(shown, name, message.extra.get(name))
    if message.reactions:
        shown["reactions"] = message.reactions
    return shown


def _add(shown: Json, name: str, value: Any) -> None:
    if value is not None:
        shown[name] = value
