"""What people do: write, send files, press buttons, stop an answer, block a bot."""

from collections.abc import Sequence

from vitte.sandbox.audio import is_mp4, is_opus
from vitte.sandbox.entities.format import CAPTION_LIMIT, TEXT_LIMIT, FormattedText, plain_text
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import BotApiError, PeopleApiError
from vitte.sandbox.methods.call import quote_of
from vitte.sandbox.methods.files import content_of, store
from vitte.sandbox.methods.params import UploadedFile
from vitte.sandbox.model import Bot, Chat, Json, Message, Person
from vitte.sandbox.people.callbacks import Callbacks
from vitte.sandbox.timing import unix
from vitte.sandbox.world import World

_ALBUM_LEAST, _ALBUM_MOST = 2, 10
_ALBUM_KINDS = frozenset({"photo", "document", "audio"})
_ORIGINS = frozenset({"user", "hidden_user", "chat", "channel"})


class PeopleActions:
    """Changes the world as people do, and queues the updates that bots get of it. Raises `PeopleApiError`."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self._world = world
        self._callbacks = callbacks

    def person(self, person_id: int) -> Person:
        """Return the person."""
        person = self._world.people.get(person_id)
        if person is None:
            raise PeopleApiError(404, f"There is no person {person_id}.")
        return person

    def write(
        self, person_id: int, bot_id: int, text: str, *, reply_to: int | None = None, quote: str = ""
    ) -> Message:
        """Send a text, in reply to a message or to a part of it."""
        formatted = _checked(text, limit=TEXT_LIMIT)
        if not formatted.text:
            raise PeopleApiError(400, "The text is empty.")
        chat = self._open_chat(person_id, bot_id)
        extra: Json = {}
        if reply_to is not None:
            replied = self._message(chat, reply_to)
            if quote:
                if (quoted := quote_of(replied, quote)) is None:
                    raise PeopleApiError(400, "The message does not say what is quoted of it.")
                extra["quote"] = {**quoted, "is_manual": True}
        return self._send(
            chat, text=formatted.text, entities=formatted.entities, reply_to=reply_to, extra=extra
        )

    async def send_file(
        self,
        person_id: int,
        bot_id: int,
        kind: str,
        upload: UploadedFile,
        *,
        caption: str = "",
        reply_to: int | None = None,
    ) -> Message:
        """Send a file as what Telegram calls `kind`: "photo", "document", "voice", "audio", "video_note"."""
        formatted = _checked(caption, limit=CAPTION_LIMIT)
        chat = self._open_chat(person_id, bot_id)
        if reply_to is not None:
            self._message(chat, reply_to)
        content = await self._content(bot_id, kind, upload)
        return self._send(
            chat, caption=formatted.text or None, entities=formatted.entities, reply_to=reply_to, **content
        )

    async def send_album(
        self, person_id: int, bot_id: int, kind: str, uploads: Sequence[UploadedFile], *, caption: str = ""
    ) -> list[Message]:
        """Send several files at once; the caption stands under the first."""
        formatted = _checked(caption, limit=CAPTION_LIMIT)
        chat = self._open_chat(person_id, bot_id)
        if not _ALBUM_LEAST <= len(uploads) <= _ALBUM_MOST or kind not in _ALBUM_KINDS:
            raise PeopleApiError(400, "An album is 2 to 10 photos, documents or audio files.")
        contents = [await self._content(bot_id, kind, upload) for upload in uploads]
        album = self._world.new_album_id()
        return [
            self._send(
                chat,
                caption=(formatted.text or None) if number == 0 else None,
                entities=formatted.entities if number == 0 else [],
                extra={"media_group_id": album},
                **content,
            )
            for number, content in enumerate(contents)
        ]

    def forward(self, person_id: int, bot_id: int, text: str, *, origin: Json) -> Message:
        """Forward a text from where Telegram's `MessageOrigin` says, its date left out."""
        formatted = _checked(text, limit=TEXT_LIMIT)
        if origin.get("type") not in _ORIGINS:
            raise PeopleApiError(400, f"An origin's type is one of {', '.join(sorted(_ORIGINS))}.")
        chat = self._open_chat(person_id, bot_id)
        date = unix(self._world.clock)
        extra = {"forward_origin": {"date": date, **origin}, "forward_date": date}
        return self._send(chat, text=formatted.text, entities=formatted.entities, extra=extra)

    def edit(self, person_id: int, bot_id: int, message_id: int, text: str) -> Message:
        """Change the text of one's own message."""
        formatted = _checked(text, limit=TEXT_LIMIT)
        chat = self._open_chat(person_id, bot_id)
        message = self._message(chat, message_id)
        if message.from_bot or message.text is None:
            raise PeopleApiError(403, "Only one's own text can be edited.")
        if not formatted.text:
            raise PeopleApiError(400, "The text is empty.")
        message.text, message.entities = formatted.text, formatted.entities
        message.edit_date = unix(self._world.clock)
        self._world.message_changed(chat, message)
        self._world.push_update(chat, "edited_message", self._world.telegram_message(message))
        return message

    def press(self, person_id: int, bot_id: int, message_id: int, data: str) -> str:
        """Press a callback button under a message of the bot; return the query's id."""
        chat = self._open_chat(person_id, bot_id)
        message = self._message(chat, message_id)
        if not _has_button(message, data):
            raise PeopleApiError(404, "There is no such button under the message.")
        return self._callbacks.press(chat, message, data)

    def stop(self, person_id: int, bot_id: int) -> None:
        """Press the stop button of the draft."""
        chat = self._open_chat(person_id, bot_id)
        draft = self._world.draft(chat)
        if draft is None or not draft.can_stop:
            raise PeopleApiError(409, "There is nothing to stop.")
        chat.stopped_drafts.add(draft.draft_id)
        if draft.keep_on_stop:
            draft.can_stop = False
            self._world.set_draft(chat, draft)
        else:
            self._world.drop_draft(chat)
        content: Json = {"chat": chat.info, "draft_id": draft.draft_id}
        self._world.push_update(chat, "stopped_message_generation", content)

    def set_blocked(self, person_id: int, bot_id: int, *, blocked: bool) -> None:
        """Block the bot, or let it write again."""
        person, bot = self.person(person_id), self._world.bot(bot_id)
        chat = self._world.private_chat(bot, person)
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        self._world.drop_draft(chat)
        self._world.save_chat(chat)
        content: Json = {
            "chat": chat.info,
            "from": person.user(),
            "date": unix(self._world.clock),
            "old_chat_member": _member(bot, blocked=not blocked),
            "new_chat_member": _member(bot, blocked=blocked),
        }
        self._world.push_update(chat, "my_chat_member", content)

    def _open_chat(self, person_id: int, bot_id: int) -> Chat:
        person = self.person(person_id)
        chat = self._world.private_chat(self._world.bot(bot_id), person)
        if chat.blocked:
            raise PeopleApiError(409, "You blocked this bot; unblock it first.")
        chat.heard_at = self._world.clock.monotonic()
        return chat

    def _message(self, chat: Chat, message_id: int) -> Message:
        message = chat.messages.get(message_id)
        if message is None:
            raise PeopleApiError(404, f"There is no message {message_id} in this chat.")
        return message

    async def _content(self, bot_id: int, kind: str, upload: UploadedFile) -> Json:
        """Keep a file and return what a message with it has for content."""
        try:
            if not upload.content:
                raise PeopleApiError(400, "The file is empty.")
            if kind == "voice" and not is_opus(upload.content):
                raise PeopleApiError(400, "Telegram's clients record voice as Opus in OGG, and this is not.")
            if kind == "video_note" and not is_mp4(upload.content):
                raise PeopleApiError(400, "A video message is an MP4, and this is not.")
            file = await store(self._world, kind, upload)
        except BotApiError as error:
            raise PeopleApiError(
                400, f"This is no {kind} Telegram would take: {error.description}."
            ) from None
        return content_of(self._world, self._world.bot(bot_id), file)

    def _send(self, chat: Chat, **content: object) -> Message:
        if not chat.started:
            chat.started = True
            self._world.save_chat(chat)
        message = self._world.new_message(chat, from_bot=False, **content)
        self._world.push_update(chat, "message", self._world.telegram_message(message))
        return message


def _checked(text: str, *, limit: int) -> FormattedText:
    try:
        formatted = plain_text(text)
    except BotApiError:
        raise PeopleApiError(400, f"The text is longer than {limit}.") from None
    if utf16_length(formatted.text) > limit:
        raise PeopleApiError(400, f"The text is longer than {limit}.")
    return formatted


def _has_button(message: Message, data: str) -> bool:
    keyboard = message.inline_keyboard
    if keyboard is None or not message.from_bot:
        return False
    return any(button.get("callback_data") == data for row in keyboard["inline_keyboard"] for button in row)


def _member(bot: Bot, *, blocked: bool) -> Json:
    if blocked:
        return {"user": bot.user(), "status": "kicked", "until_date": 0}
    return {"user": bot.user(), "status": "member"}
