"""Answers to pressed buttons, and reactions."""

from vitte.sandbox.entities.links import WrongLinkError, check_link
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.model import Json

_ANSWER_LIMIT = 200


@plays("answerCallbackQuery")
async def answer_callback_query(call: Call) -> bool:
    """Answer who pressed a button; a blocked or deleted chat does not matter."""
    text = call.params.text("text")
    if utf16_length(text) > _ANSWER_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    content: Json = {"show_alert": call.params.flag("show_alert")}
    if text:
        content["text"] = text
    if url := call.params.text("url"):
        try:
            content["url"] = check_link(url)
        except WrongLinkError:
            raise bad_request("URL_INVALID") from None
    call.sandbox.callbacks.answer(call.bot.id, call.params.text("callback_query_id"), content)
    return True


@plays("setMessageReaction")
async def set_message_reaction(call: Call) -> bool:
    """Put the bot's reaction on a message, or take it back."""
    reactions = call.params.data("reaction") or []
    for reaction in reactions:
        if reaction.get("type") not in {"emoji", "custom_emoji"} or not reaction.get(reaction["type"], True):
            raise bad_request("REACTION_INVALID")
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    chat = call.writable_chat()
    message = call.message(chat, "message to react")
    message.reactions = reactions
    call.sandbox.world.message_changed(chat, message)
    return True
