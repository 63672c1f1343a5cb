"""Messages: sent, forwarded, copied, deleted."""

from typing import Any

from vitte.sandbox.entities.format import CAPTION_LIMIT, TEXT_LIMIT, FormattedText
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.methods.files import content_of, sent_file
from vitte.sandbox.model import Chat, Json, Message
from vitte.sandbox.timing import unix

_DELETABLE_FOR = 48 * 3600
_DELETE_AT_ONCE_LIMIT = 100


def checked_text(call: Call) -> FormattedText:
    """Return the call's text; raise `BotApiError` when it is empty or too long."""
    text = call.params.text("text")
    if not text:
        raise bad_request("message text is empty")
    formatted = call.formatted(text)
    if not formatted.text:
        raise bad_request("text must be non-empty")
    if utf16_length(formatted.text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return formatted


def checked_caption(call: Call) -> FormattedText:
    """Return the call's caption, which may be empty; raise `BotApiError` when it is too long."""
    formatted = call.formatted(call.params.text("caption"), entities="caption_entities")
    if utf16_length(formatted.text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return formatted


def send(call: Call, chat: Chat, *, reply_to: int | None = None, **content: Any) -> Message:
    """Put a message of the bot into the chat, if the flood limits let it."""
    if reply_to is not None and (quote := call.quote(chat, reply_to)) is not None:
        content["extra"] = {**content.get("extra", {}), "quote": quote}
    topic = call.topic(chat)
    call.sandbox.limiter.message(call.bot.id, chat.id, heard_at=chat.heard_at)
    content["extra"] = {**content.get("extra", {}), **topic}
    return call.sandbox.world.new_message(
        chat, from_bot=True, reply_markup=call.markup(), reply_to=reply_to, **content
    )


@plays("sendMessage")
async def send_message(call: Call) -> Json:
    """Send a text."""
    formatted = checked_text(call)
    chat = call.writable_chat()
    reply_to = call.reply_to(chat)
    extra = {}
    if options := call.params.data("link_preview_options"):
        extra["link_preview_options"] = options
    elif call.params.flag("disable_web_page_preview"):
        extra["link_preview_options"] = {"is_disabled": True}
    message = send(
        call, chat, reply_to=reply_to, text=formatted.text, entities=formatted.entities, extra=extra
    )
    return call.sandbox.world.telegram_message(message)


@plays("sendPhoto")
async def send_photo(call: Call) -> Json:
    """Send a photo."""
    formatted = checked_caption(call)
    chat = call.writable_chat()
    reply_to = call.reply_to(chat)
    world = call.sandbox.world
    file = await sent_file(world, call.bot, call.params, "photo")
    flags = {
        name: True
        for name, sent in (
            ("show_caption_above_media", "show_caption_above_media"),
            ("has_media_spoiler", "has_spoiler"),
        )
        if call.params.flag(sent)
    }
    message = send(
        call,
        chat,
        reply_to=reply_to,
        **content_of(world, call.bot, file),
        caption=formatted.text or None,
        entities=formatted.entities,
        extra=flags,
    )
    return world.telegram_message(message)


@plays("sendDocument")
async def send_document(call: Call) -> Json:
    """Send a file."""
    return await send_file(call, "document")


async def send_file(call: Call, kind: str) -> Json:
    """Send a file of a kind that has nothing but a caption beside it."""
    formatted = checked_caption(call)
    chat = call.writable_chat()
    reply_to = call.reply_to(chat)
    world = call.sandbox.world
    file = await sent_file(world, call.bot, call.params, kind)
    message = send(
        call,
        chat,
        reply_to=reply_to,
        **content_of(world, call.bot, file),
        caption=formatted.text or None,
        entities=formatted.entities,
    )
    return world.telegram_message(message)


@plays("forwardMessage")
async def forward_message(call: Call) -> Json:
    """Send a message again, saying where it is from."""
    chat = call.writable_chat()
    original = call.message(call.chat("from_chat_id"), "message to forward")
    world = call.sandbox.world
    sender = call.bot.user() if original.from_bot else world.user(original.chat_id)
    origin = original.extra.get("forward_origin") or {
        "type": "user",
        "sender_user": sender,
        "date": original.date,
    }
    extra = {
        "forward_origin": origin,
        "forward_from": origin.get("sender_user"),
        "forward_date": origin["date"],
    }
    message = send(call, chat, **_content(original), extra=extra)
    return world.telegram_message(message)


@plays("copyMessage")
async def copy_message(call: Call) -> Json:
    """Send the content of a message again."""
    chat = call.writable_chat()
    original = call.message(call.chat("from_chat_id"), "message to copy")
    content = _content(original)
    if original.text is None and "caption" in call.params.values:
        formatted = checked_caption(call)
        content.update(caption=formatted.text or None, entities=formatted.entities)
    message = send(call, chat, reply_to=call.reply_to(chat), **content)
    return {"message_id": message.id}


def _content(original: Message) -> dict[str, Any]:
    return {
        "text": original.text,
        "caption": original.caption,
        "entities": original.entities,
        "photo": original.photo,
        "document": original.document,
        "media": original.media,
    }


@plays("deleteMessage")
async def delete_message(call: Call) -> bool:
    """Delete a message of either side, within two days."""
    chat = call.chat()
    message = call.message(chat, "message to delete")
    if not _deletable(call, message):
        raise bad_request("message can't be deleted for everyone")
    call.sandbox.world.delete_messages(chat, [message.id])
    return True


@plays("deleteMessages")
async def delete_messages(call: Call) -> bool:
    """Delete those of the messages that are there and young enough."""
    wanted = call.params.data("message_ids")
    if not wanted:
        raise bad_request("message identifiers are not specified")
    if len(wanted) > _DELETE_AT_ONCE_LIMIT:
        raise bad_request("too many message identifiers specified")
    chat = call.chat()
    found = [
        chat.messages[int(message_id)]
        for message_id in dict.fromkeys(wanted)
        if int(message_id) in chat.messages
    ]
    if young := [message.id for message in found if _deletable(call, message)]:
        call.sandbox.world.delete_messages(chat, young)
    return True


def _deletable(call: Call, message: Message) -> bool:
    return unix(call.sandbox.clock) - message.date < _DELETABLE_FOR
