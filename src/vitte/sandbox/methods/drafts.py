"""What a bot shows while it works: drafts that stream an answer, and "typing"."""

from vitte.sandbox.entities.format import TEXT_LIMIT
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.model import Draft

_ACTION_LASTS = 5
_MEDIA = ("video", "voice", "audio", "video_note")
_ACTIONS = frozenset(
    {
        *("typing", "cancel", "choose_sticker", "find_location", "pick_up_location"),
        *("upload_photo", "upload_document"),
        *(f"{verb}_{media}" for verb in ("record", "upload") for media in _MEDIA),
    }
)


@plays("sendMessageDraft")
async def send_message_draft(call: Call) -> bool:
    """Show a part of an answer; https://core.telegram.org/bots/api#sendmessagedraft .

    A draft that the person stopped is not shown any more until the bot has sent a message; the call still
    succeeds, for Telegram documents no error for it.
    """
    draft_id = call.params.integer("draft_id")
    if not draft_id:
        raise bad_request("invalid draft_id specified")
    formatted = call.formatted(call.params.text("text"))
    if utf16_length(formatted.text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    chat = call.writable_chat()
    if not chat.private:
        raise bad_request("PEER_ID_INVALID")
    sandbox = call.sandbox
    sandbox.limiter.draft(call.bot.id, chat.id)
    if draft_id not in chat.stopped_drafts:
        draft = Draft(
            draft_id,
            formatted.text,
            formatted.entities,
            can_stop=call.params.flag("can_stop"),
            keep_on_stop=call.params.flag("keep_on_stop"),
            expires_at=sandbox.clock.monotonic() + sandbox.settings.draft_lifetime,
        )
        sandbox.world.set_draft(chat, draft)
    return True


@plays("sendChatAction")
async def send_chat_action(call: Call) -> bool:
    """Show what the bot is doing."""
    action = call.params.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = call.writable_chat()
    lasts = 0 if action == "cancel" else _ACTION_LASTS
    call.sandbox.world.event(chat, "chat_action", {"action": action, "expires_in": lasts})
    return True
