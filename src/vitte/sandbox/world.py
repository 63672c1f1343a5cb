"""The world: bots, people, their chats; says what changed to the disk and to those who watch."""

import secrets
from collections.abc import Iterable
from typing import Any

from vitte.sandbox import render
from vitte.sandbox.blobs import Blobs
from vitte.sandbox.calllog import CallLog
from vitte.sandbox.hub import EventHub
from vitte.sandbox.model import Bot, Chat, Draft, Json, Message, Person, StoredFile
from vitte.sandbox.settings import SandboxSettings
from vitte.sandbox.store import MemoryStore
from vitte.sandbox.timing import SandboxClock, unix
from vitte.sandbox.updates import UpdateQueue

FIRST_PERSON_ID = 1001
_PATH_LIFETIME = 3600.0
"""Seconds. Telegram says "at least one hour": https://core.telegram.org/bots/api#getfile ."""
# What numbers may have been given out and lost with the process: no number is ever given out twice.
_UPDATES_LOST = 10_000
_MESSAGES_LOST = 1_000


class World:
    """Everything that a restart keeps."""

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        clock: SandboxClock,
        store: MemoryStore,
        hub: EventHub,
        log: CallLog,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.hub = hub
        self.blobs = Blobs(settings.state_dir)
        self.bots: dict[int, Bot] = {}
        self.people: dict[int, Person] = {}
        self.files: dict[str, StoredFile] = {}
        self.files_by_path: dict[str, StoredFile] = {}
        self._paths_until: dict[str, float] = {}
        self._queues: dict[int, UpdateQueue] = {}
        self._chats: dict[tuple[int, int], Chat] = {}
        self._drafting: dict[tuple[int, int], Chat] = {}
        self._store = store
        self._log = log
        self._next_person_id = FIRST_PERSON_ID
        self._next_file = 0
        self._load()

    # Bots and people

    def bot(self, bot_id: int) -> Bot:
        """Return the bot, making it up on first use."""
        if (bot := self.bots.get(bot_id)) is not None:
            return bot
        name, username = self.settings.bot_name, self.settings.bot_username
        if self.bots:
            stem = username.removesuffix("bot").removesuffix("_")
            name, username = f"{name} {bot_id}", f"{stem}_{bot_id}_bot"
        bot = Bot(bot_id, name, username, next_update_id=100_000 + secrets.randbelow(800_000_000))
        self._add_bot(bot)
        self.save_bot(bot)
        return bot

    def queue(self, bot_id: int) -> UpdateQueue:
        """Return the bot's queue of updates."""
        self.bot(bot_id)
        return self._queues[bot_id]

    def queues(self) -> Iterable[UpdateQueue]:
        """Return the queues of all bots."""
        return self._queues.values()

    def save_bot(self, bot: Bot) -> None:
        """Keep what changed about the bot."""
        self._store.put("bot", str(bot.id), bot.dump)

    def add_person(
        self, *, first_name: str, last_name: str | None, username: str | None, language_code: str
    ) -> Person:
        """Let a new person into the world."""
        person = Person(self._next_person_id, first_name, language_code, last_name, username)
        self._next_person_id += 1
        self.people[person.id] = person
        self._store.put("person", str(person.id), person.dump)
        return person

    def user(self, user_id: int) -> Json | None:
        """Return the Telegram `User` with this id, if there is one."""
        if (person := self.people.get(user_id)) is not None:
            return person.user()
        if (bot := self.bots.get(user_id)) is not None:
            return bot.user()
        return None

    # Chats

    def chat(self, bot_id: int, chat_id: int) -> Chat | None:
        """Return the chat, if the two ever met."""
        return self._chats.get((bot_id, chat_id))

    def private_chat(self, bot: Bot, person: Person) -> Chat:
        """Return the chat of the two, making it on first use."""
        return self._chats.get((bot.id, person.id)) or self.add_chat(bot.id, person.chat())

    def add_chat(self, bot_id: int, info: Json) -> Chat:
        """Make a chat that Telegram describes by `info`."""
        instance = str(secrets.randbits(62))
        chat = self._chats[bot_id, info["id"]] = Chat(bot_id, info["id"], info, instance)
        self.save_chat(chat)
        return chat

    def save_chat(self, chat: Chat) -> None:
        """Keep what changed about the chat itself."""
        self._store.put("chat", f"{chat.bot_id}:{chat.id}", chat.dump)

    def event(self, chat: Chat, kind: str, content: Json) -> None:
        """Tell the chat's person of something."""
        if chat.private and self.hub.wanted(chat.id):
            self.hub.publish(chat.id, {"type": kind, "bot_id": chat.bot_id, **content})

    # Messages

    def new_message(self, chat: Chat, *, from_bot: bool, **content: Any) -> Message:
        """Put a message into the chat; one from the bot ends the draft."""
        message_id = self._next_message_id(chat)
        message = Message(chat.id, chat.bot_id, message_id, unix(self.clock), from_bot, **content)
        if len(chat.messages) >= self.settings.history_per_chat:
            oldest = chat.messages.pop(next(iter(chat.messages)))
            self._store.delete("message", _message_key(oldest))
        chat.messages[message.id] = message
        self.save_message(message)
        if from_bot:
            self.drop_draft(chat)
            chat.stopped_drafts.clear()
        if self.hub.wanted(chat.id):
            self.event(chat, "message", {"message": self.shown(message)})
        return message

    def _next_message_id(self, chat: Chat) -> int:
        """Return a new message id: a supergroup counts for itself, and a bot for all its other chats."""
        counter = chat if chat.info["type"] == "supergroup" else self.bots[chat.bot_id]
        message_id = counter.next_message_id
        counter.next_message_id += 1
        if isinstance(counter, Chat):
            self.save_chat(counter)
        else:
            self.save_bot(counter)
        return message_id

    def message_changed(self, chat: Chat, message: Message) -> None:
        """Keep and show the new look of a message."""
        self.save_message(message)
        if self.hub.wanted(chat.id):
            self.event(chat, "message_edited", {"message": self.shown(message)})

    def new_album_id(self) -> str:
        """Return a new `media_group_id`."""
        return str(secrets.randbits(53) + (1 << 53))

    def delete_messages(self, chat: Chat, message_ids: list[int]) -> None:
        """Take messages out of the chat."""
        for message_id in message_ids:
            self._store.delete("message", _message_key(chat.messages.pop(message_id)))
        self.event(chat, "message_deleted", {"message_ids": message_ids})

    def save_message(self, message: Message) -> None:
        """Keep what changed about the message."""
        self._store.put("message", _message_key(message), message.dump)

    def shown(self, message: Message) -> Json:
        """Return the message as its person sees it."""
        return render.message_to_person(message)

    def telegram_message(self, message: Message) -> Json:
        """Return the Telegram `Message`, as the bot gets it."""
        chat = self._chats[message.bot_id, message.chat_id]
        sender = self._sender(message)
        replied = chat.messages.get(message.reply_to) if message.reply_to is not None else None
        answer = render.message_to_bot(message, chat=chat.info, sender=sender)
        if replied is not None:
            by = self._sender(replied)
            answer["reply_to_message"] = render.message_to_bot(replied, chat=chat.info, sender=by)
        return answer

    def _sender(self, message: Message) -> Json | None:
        if message.from_bot:
            return self.bots[message.bot_id].user()
        return message.sender or self.user(message.chat_id)

    # Drafts

    def set_draft(self, chat: Chat, draft: Draft) -> None:
        """Show the draft."""
        chat.draft = draft
        self._drafting[chat.bot_id, chat.id] = chat
        self.event(chat, "draft", {"draft": draft.public()})

    def drop_draft(self, chat: Chat) -> None:
        """Show no draft any more."""
        if chat.draft is not None:
            chat.draft = None
            self._drafting.pop((chat.bot_id, chat.id), None)
            self.event(chat, "draft", {"draft": None})

    def draft(self, chat: Chat) -> Draft | None:
        """Return the draft that is still alive."""
        if chat.draft is not None and chat.draft.expires_at <= self.clock.monotonic():
            self.drop_draft(chat)
        return chat.draft

    def expire_drafts(self) -> None:
        """Show no more the drafts whose time is over."""
        for chat in list(self._drafting.values()):
            self.draft(chat)

    # Updates and files

    def push_update(self, chat: Chat, kind: str, content: Json) -> None:
        """Queue an update about the chat for its bot."""
        self._queues[chat.bot_id].push(kind, content, lane=str(chat.id))

    async def add_file(
        self,
        content: bytes,
        *,
        kind: str,
        mime_type: str,
        suffix: str,
        name: str | None = None,
        size: tuple[int, int] = (0, 0),
        duration: int = 0,
    ) -> StoredFile:
        """Keep a file; `kind` is what Telegram calls it ("photo"), `size` its width and height."""
        unique_id = "AQAD" + secrets.token_urlsafe(9)
        self._next_file += 1
        folder = "voice" if kind == "voice" else f"{kind}s"
        path = f"{folder}/file_{self._next_file}{suffix}"
        await self.blobs.write(unique_id, content)
        file = StoredFile(unique_id, kind, unique_id, path, len(content), mime_type, name, *size, duration)
        self.save_file(file)
        return file

    def hand_out(self, file: StoredFile) -> str:
        """Return the path by which the file may be downloaded for an hour from now."""
        self._paths_until[file.path] = self.clock.monotonic() + _PATH_LIFETIME
        return file.path

    def file_at(self, path: str) -> StoredFile | None:
        """Return the file that was handed out under this path, while that holds."""
        if self._paths_until.get(path, 0) <= self.clock.monotonic():
            return None
        return self.files_by_path.get(path)

    def save_file(self, file: StoredFile) -> None:
        """Keep the file's description."""
        self._add_file(file)
        self._store.put("file", file.unique_id, file.dump)

    # Start

    def _add_bot(self, bot: Bot) -> None:
        self.bots[bot.id] = bot
        self._queues[bot.id] = UpdateQueue(
            bot, store=self._store, log=self._log, conflict_delay=self.settings.conflict_delay
        )

    def _add_file(self, file: StoredFile) -> None:
        self.files[file.unique_id] = file
        self.files_by_path[file.path] = file

    def _load(self) -> None:
        records: dict[str, list[tuple[str, Json]]] = {}
        for kind, key, value in self._store.load():
            records.setdefault(kind, []).append((key, value))
        for _, value in records.get("bot", []):
            bot = Bot.load(value)
            if not self._store.clean:
                bot.next_update_id += _UPDATES_LOST
                bot.next_message_id += _MESSAGES_LOST
            self._add_bot(bot)
            self.save_bot(bot)
        for _, value in records.get("person", []):
            person = Person.load(value)
            self.people[person.id] = person
            self._next_person_id = max(self._next_person_id, person.id + 1)
        for _, value in records.get("file", []):
            file = StoredFile.load(value)
            self._add_file(file)
            self._next_file = max(self._next_file, int(file.path.rpartition("_")[2].partition(".")[0]))
        self._load_chats(records)

    def _load_chats(self, records: dict[str, list[tuple[str, Json]]]) -> None:
        for _, value in records.get("chat", []):
            chat = Chat.load(value)
            if not self._store.clean:
                chat.next_message_id += _MESSAGES_LOST
            self._chats[chat.bot_id, chat.id] = chat
        for _, value in records.get("message", []):
            message = Message.load(value)
            self._chats[message.bot_id, message.chat_id].messages[message.id] = message
        for key, value in records.get("update", []):
            bot_id, _, number = key.partition(":")
            self._queues[int(bot_id)].restore(value, number=int(number))


def _message_key(message: Message) -> str:
    return f"{message.bot_id}:{message.chat_id}:{message.id}"
