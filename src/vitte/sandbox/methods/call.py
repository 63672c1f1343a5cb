"""One call of a Bot API method, and the table of the methods that are played."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vitte.sandbox.entities.format import FormattedText, format_text
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import BotApiError, bad_request, forbidden
from vitte.sandbox.methods.markup import effective_markup
from vitte.sandbox.methods.params import Params
from vitte.sandbox.model import Bot, Chat, Json, Message

if TYPE_CHECKING:
    from vitte.sandbox.sandbox import Sandbox


@dataclass(slots=True)
class Call:
    """What a handler needs: the sandbox, the bot that calls and what it sent."""

    sandbox: "Sandbox"
    bot: Bot
    params: Params

    def chat_id(self, name: str = "chat_id") -> int:
        """Return the chat's id; a username finds nobody, because people cannot be found by it."""
        value = str(self.params.data(name) or "")
        if not value:
            raise bad_request("chat_id is empty")
        return int(value) if value.removeprefix("-").isdecimal() else 0

    def chat(self, name: str = "chat_id") -> Chat:
        """Return a chat that the bot may read."""
        chat = self.sandbox.world.chat(self.bot.id, self.chat_id(name))
        if chat is None or not (chat.started or not chat.private):
            raise self._no_chat(self.chat_id(name))
        return chat

    def writable_chat(self) -> Chat:
        """Return the chat that the bot may write to."""
        chat = self.chat()
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if chat.bot_status == "restricted":
            raise bad_request("not enough rights to send text messages to the chat")
        if chat.bot_status in ("left", "kicked"):
            kind = chat.info["type"]
            was = f"bot was kicked from the {kind} chat"
            raise forbidden(was if chat.bot_status == "kicked" else f"bot is not a member of the {kind} chat")
        return chat

    def topic(self, chat: Chat) -> Json:
        """Return what a message says of the topic that the call names, which has to be one of the chat's."""
        thread = self.params.integer("message_thread_id")
        if not thread or not (chat.members or chat.topics):
            return {}
        if thread not in chat.topics:
            raise bad_request("message thread not found")
        return {"message_thread_id": thread, "is_topic_message": True}

    def message(self, chat: Chat, what: str, *, name: str = "message_id") -> Message:
        """Return a message of the chat; `what` names it in the refusal ("message to edit")."""
        message = chat.messages.get(self.params.integer(name))
        if message is None:
            raise bad_request(f"{what} not found")
        return message

    def formatted(self, text: str, *, mode: str = "parse_mode", entities: str = "entities") -> FormattedText:
        """Return the text with its entities, as the call's parameters say."""
        return format_text(
            text,
            parse_mode=self.params.text(mode),
            entities=self.params.data(entities),
            resolve_user=self.sandbox.world.user,
        )

    def markup(self) -> Json | None:
        """Return the reply markup that was sent and has an effect."""
        return effective_markup(self.params.data("reply_markup"))

    def reply_to(self, chat: Chat) -> int | None:
        """Return the id of the message to reply to."""
        wanted = self.params.data("reply_parameters") or {}
        message_id = wanted.get("message_id") or self.params.integer("reply_to_message_id")
        optional = wanted.get("allow_sending_without_reply") or self.params.flag(
            "allow_sending_without_reply"
        )
        if not message_id:
            return None
        if int(message_id) in chat.messages:
            return int(message_id)
        # Of a group that is only spoken of nothing but what bots write is known, so any reply is believed.
        if optional or not (chat.private or chat.members):
            return None
        raise bad_request("message to be replied not found")

    def quote(self, chat: Chat, reply_to: int) -> Json | None:
        """Return the `TextQuote` of a reply, if the call quotes; the quote must be a part of the message."""
        wanted = self.params.data("reply_parameters") or {}
        words = wanted.get("quote")
        if not words:
            return None
        quoted = quote_of(chat.messages[reply_to], words, mode=wanted.get("quote_parse_mode"))
        if quoted is None:
            raise bad_request("QUOTE_TEXT_INVALID")
        return quoted

    def _no_chat(self, chat_id: int) -> BotApiError:
        if chat_id in self.sandbox.world.people:
            return forbidden("bot can't initiate conversation with a user")
        return bad_request("chat not found")


def quote_of(message: Message, words: str, *, mode: str | None = None) -> Json | None:
    """Return the `TextQuote` with these words of the message; None when they are not in it."""
    if mode:
        words = format_text(words, parse_mode=mode, resolve_user=lambda _: None).text
    text = message.text if message.text is not None else message.caption or ""
    place = text.find(words)
    if not words or place < 0 or utf16_length(words) > _QUOTE_LIMIT:
        return None
    return {"text": words, "position": utf16_length(text[:place])}


_QUOTE_LIMIT = 1024
Handler = Callable[[Call], Awaitable[Any]]
PLAYED: dict[str, Handler] = {}
"""Handlers by the method's name in lower case."""


def plays(*names: str) -> Callable[[Handler], Handler]:
    """Register the handler of these methods."""

    def register(handler: Handler) -> Handler:
        for name in names:
            PLAYED[name.lower()] = handler
        return handler

    return register
