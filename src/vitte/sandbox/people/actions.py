"""What people do: write, send files, press buttons, stop an answer, block a bot."""

from vitte.sandbox.entities.format import CAPTION_LIMIT, TEXT_LIMIT, FormattedText, plain_text
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import BotApiError, PeopleApiError
from vitte.sandbox.methods.files import document, photo_sizes, store_document, store_photo
from vitte.sandbox.model import Bot, Chat, Json, Message, Person
from vitte.sandbox.people.callbacks import Callbacks
from vitte.sandbox.timing import unix
from vitte.sandbox.world import World


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

    def write(self, person_id: int, bot_id: int, text: str, *, reply_to: int | None = None) -> Message:
        """Send a text."""
        formatted = _checked(text, limit=TEXT_LIMIT)
        if not formatted.text:
            raise PeopleApiError(400, "The text is empty.")
        chat = self._open_chat(person_id, bot_id)
        if reply_to is not None:
            self._message(chat, reply_to)
        return self._send(chat, text=formatted.text, entities=formatted.entities, reply_to=reply_to)

    async def send_photo(self, person_id: int, bot_id: int, content: bytes, *, caption: str = "") -> Message:
        """Send a photo."""
        formatted = _checked(caption, limit=CAPTION_LIMIT)
        chat = self._open_chat(person_id, bot_id)
        try:
            file = await store_photo(self._world, content)
        except BotApiError as error:
            raise PeopleApiError(400, f"This is no photo Telegram would take: {error.description}.") from None
        photo = photo_sizes(self._world, self._world.bot(bot_id), file)
        return self._send(chat, photo=photo, caption=formatted.text or None, entities=formatted.entities)

    async def send_document(
        self,
        person_id: int,
        bot_id: int,
        content: bytes,
        *,
        name: str,
        mime_type: str = "",
        caption: str = "",
    ) -> Message:
        """Send a file."""
        formatted = _checked(caption, limit=CAPTION_LIMIT)
        chat = self._open_chat(person_id, bot_id)
        if not content:
            raise PeopleApiError(400, "The file is empty.")
        file = await store_document(self._world, content, name=name, mime_type=mime_type)
        return self._send(
            chat,
            document=document(self._world.bot(bot_id), file),
            caption=formatted.text or None,
            entities=formatted.entities,
        )

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
