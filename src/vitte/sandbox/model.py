"""The things of the sandbox's world, with the JSON each is to a bot and how each is kept on disk."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

Json = dict[str, Any]


class _Kept:
    """A dataclass that is stored as a plain JSON object; empty fields are left out."""

    __slots__ = ()

    def dump(self) -> Json:
        """Return the object as JSON for the disk."""
        return {
            item.name: value
            for item in fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
            if item.metadata.get("kept", True) and (value := getattr(self, item.name)) not in (None, [], {})
        }

    @classmethod
    def load(cls, data: Json) -> Self:
        """Return the object that `dump` wrote."""
        return cls(**data)


@dataclass(slots=True)
class Person(_Kept):
    """Somebody who talks to bots."""

    id: int
    first_name: str
    language_code: str
    last_name: str | None = None
    username: str | None = None

    def public(self) -> Json:
        """Return the person as the people side shows them."""
        return self.dump()

    def user(self) -> Json:
        """Return the Telegram `User`."""
        return {"id": self.id, "is_bot": False, **self._names(), "language_code": self.language_code}

    def chat(self) -> Json:
        """Return the Telegram `Chat` of this person with a bot."""
        return {"id": self.id, **self._names(), "type": "private"}

    def _names(self) -> Json:
        names: Json = {"first_name": self.first_name}
        if self.last_name:
            names["last_name"] = self.last_name
        if self.username:
            names["username"] = self.username
        return names


@dataclass(slots=True)
class StoredFile(_Kept):
    """A file somebody sent. `unique_id` is Telegram's `file_unique_id`; `blob` names the bytes on disk."""

    unique_id: str
    kind: str
    blob: str
    path: str
    size: int
    mime_type: str
    name: str | None = None
    width: int = 0
    height: int = 0
    duration: int = 0


@dataclass(slots=True)
class Message(_Kept):
    """A message of a chat. In groups `sender` is set, unless it is the bot."""

    chat_id: int
    bot_id: int
    id: int
    date: int
    from_bot: bool
    text: str | None = None
    caption: str | None = None
    entities: list[Json] = field(default_factory=list)
    photo: list[Json] = field(default_factory=list)
    document: Json | None = None
    media: Json = field(default_factory=dict)
    """A recording under the name of its field: `voice`, `audio` or `video_note`."""
    reply_markup: Json | None = None
    reply_to: int | None = None
    edit_date: int | None = None
    extra: Json = field(default_factory=dict)
    """Fields of the Telegram `Message` that are given back as they came, such as `forward_origin`."""
    reactions: list[Json] = field(default_factory=list)
    sender: Json | None = None
    """The Telegram `User`."""

    @property
    def inline_keyboard(self) -> Json | None:
        """Return the keyboard under the message: the only markup that Telegram gives back to bots."""
        markup = self.reply_markup
        return markup if markup is not None and "inline_keyboard" in markup else None


@dataclass(slots=True)
class Draft:
    """The streaming preview at the end of a private chat; `expires_at` is monotonic seconds."""

    draft_id: int
    text: str
    entities: list[Json]
    can_stop: bool
    keep_on_stop: bool
    expires_at: float

    def public(self) -> Json:
        """Return the draft as the people side shows it."""
        return {
            "draft_id": self.draft_id,
            "text": self.text,
            "entities": self.entities,
            "can_stop": self.can_stop,
        }


@dataclass(slots=True)
class Chat(_Kept):
    """One bot's chat with one person, or a group: of people, or one that only injected updates speak of."""

    bot_id: int
    id: int
    info: Json
    """The Telegram `Chat`."""
    instance: str
    """The `chat_instance` of callback queries."""
    started: bool = False
    blocked: bool = False
    members: list[int] = field(default_factory=list)
    """The people of a group, by id; of a group that is only spoken of none are known."""
    bot_status: str = "member"
    """What the bot is in a group: member, administrator, restricted (it may not write), left or kicked."""
    next_message_id: int = 1
    """Counts the messages of a supergroup."""
    topics: list[int] = field(default_factory=list)
    """The `message_thread_id` of each topic of a group that is a forum."""
    messages: dict[int, Message] = field(default_factory=dict, metadata={"kept": False})
    draft: Draft | None = field(default=None, metadata={"kept": False})
    stopped_drafts: set[int] = field(default_factory=set, metadata={"kept": False})
    heard_at: float | None = field(default=None, metadata={"kept": False})
    """When the person did something here last, on the monotonic clock."""

    @property
    def private(self) -> bool:
        """Tell whether the other side is a person."""
        return bool(self.info["type"] == "private")


@dataclass(slots=True)
class Webhook(_Kept):
    """Where a bot's updates are sent."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    ip_address: str | None = None
    has_certificate: bool = False
    last_error_date: int | None = None
    last_error_message: str | None = None


@dataclass(slots=True)
class Bot(_Kept):
    """A bot, known from its first call on. Counters hold the next number to give out."""

    id: int
    first_name: str
    username: str
    next_message_id: int = 1
    next_update_id: int = 1
    allowed_updates: list[str] | None = None
    webhook: Webhook | None = None
    commands: dict[str, list[Json]] = field(default_factory=dict)
    """Lists of commands by "scope|language"."""
    menu_buttons: dict[str, Json] = field(default_factory=dict)
    """Menu buttons by chat id; "" is the default one."""

    def user(self) -> Json:
        """Return the Telegram `User`."""
        return {"id": self.id, "is_bot": True, "first_name": self.first_name, "username": self.username}

    def dump(self) -> Json:
        """Return the bot as JSON for the disk."""
        data = super(Bot, self).dump()
        if self.webhook is not None:
            data["webhook"] = self.webhook.dump()
        return data

    @classmethod
    def load(cls, data: Json) -> Self:
        """Return the bot that `dump` wrote."""
        webhook = data.pop("webhook", None)
        return cls(**data, webhook=Webhook.load(webhook) if webhook else None)
