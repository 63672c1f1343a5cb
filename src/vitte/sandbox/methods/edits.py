"""Messages changed after they were sent."""

from typing import Any

from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.methods.messages import checked_caption, checked_text
from vitte.sandbox.model import Chat, Json, Message
from vitte.sandbox.timing import unix

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


def _editable(call: Call) -> tuple[Chat, Message]:
    if call.params.text("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = call.writable_chat()
    message = call.message(chat, "message to edit")
    # Only what the bot sent, and not under a keyboard that replaces the person's own.
    if not message.from_bot or "forward_origin" in message.extra:
        raise bad_request("message can't be edited")
    if message.reply_markup is not None and message.inline_keyboard is None:
        raise bad_request("message can't be edited")
    return chat, message


def _edit(call: Call, chat: Chat, message: Message, **content: Any) -> Json:
    markup = call.markup()
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    content["reply_markup"] = markup
    call.sandbox.limiter.message(call.bot.id, chat.id, heard_at=chat.heard_at)
    if all(getattr(message, name) == value for name, value in content.items()):
        raise bad_request(_NOT_MODIFIED)
    for name, value in content.items():
        setattr(message, name, value)
    message.edit_date = unix(call.sandbox.clock)
    call.sandbox.world.message_changed(chat, message)
    return call.sandbox.world.telegram_message(message)


@plays("editMessageText")
async def edit_message_text(call: Call) -> Json:
    """Give a text message another text."""
    formatted = checked_text(call)
    chat, message = _editable(call)
    if message.text is None:
        raise bad_request("there is no text in the message to edit")
    return _edit(call, chat, message, text=formatted.text, entities=formatted.entities)


@plays("editMessageCaption")
async def edit_message_caption(call: Call) -> Json:
    """Give a photo or document another caption."""
    formatted = checked_caption(call)
    chat, message = _editable(call)
    if message.text is not None:
        raise bad_request("there is no caption in the message to edit")
    return _edit(call, chat, message, caption=formatted.text or None, entities=formatted.entities)


@plays("editMessageReplyMarkup")
async def edit_message_reply_markup(call: Call) -> Json:
    """Give a message another inline keyboard, or none."""
    chat, message = _editable(call)
    return _edit(call, chat, message)
