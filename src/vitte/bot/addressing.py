"""Is a message of a group meant for the bot, and what does it say?

Offsets and lengths of entities count UTF-16 units: https://core.telegram.org/bots/api#messageentity .
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram import Bot
from aiogram.enums import MessageEntityType
from aiogram.filters import Filter
from aiogram.types import Message, MessageEntity, User

ASK = "ask"
"""The command that asks a question."""
PERSONAL = frozenset({"dialogs", "memory", "model", "persona", "privacy", "settings", "status"})
"""Commands about what a person has for themselves, which is no affair of a group."""
COMMON = frozenset({ASK, "cancel", "help", "new", "start", "stop"})
_AROUND = " \t\n\r,:;.-–—"
"""What stands between a name and what is said to its bearer."""


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    bot: str
    """The username that it names, in lower case; empty if it names none."""


def addressed_text(message: Message, bot_user: User) -> str | None:
    """Return what a message of a group says to the bot, without its name; None when it is not meant for it.

    Meant are commands that name it, those of its own that came although it does not read everything, replies
    to it, and messages that mention it. Nothing but its name is an empty text.
    """
    stripped = addressed_message(message, bot_user)
    return None if stripped is None else stripped.text or stripped.caption or ""


def addressed_message(message: Message, bot_user: User) -> Message | None:
    """Return the message as it would be in a private chat, or None; see `addressed_text`."""
    if (command := command_of(message)) is not None:
        if not _is_own(command, message, bot_user):
            return None
        return _without(message, [_entities(message)[0]]) if command.name == ASK else message
    mentions = [entity for entity in _entities(message) if _mentions(entity, message, bot_user)]
    if not mentions and not _replies_to(message, bot_user):
        return None
    return _without(message, mentions) if mentions else message


def command_of(message: Message) -> _Command | None:
    """Return the command that the message begins with."""
    entities = _entities(message)
    if not entities or entities[0].offset != 0 or entities[0].type != MessageEntityType.BOT_COMMAND:
        return None
    name, _, bot = entities[0].extract_from(message.text or message.caption or "")[1:].partition("@")
    return _Command(name.lower(), bot.lower())


def asks(message: Message) -> bool:
    """Tell whether a message asks its question by command, as it came and before its name is taken off."""
    command = command_of(message)
    return command is not None and command.name == ASK


class IsAddressed(Filter):
    """A message that is meant for the bot: any of a private chat, and some of a group."""

    async def __call__(self, message: Message, bot: Bot) -> bool:
        """Tell whether it is."""
        return message.chat.type == "private" or addressed_text(message, await bot.me()) is not None


def _is_own(command: _Command, message: Message, bot_user: User) -> bool:
    if command.bot:
        return command.bot == (bot_user.username or "").lower()
    if command.name not in COMMON | PERSONAL:
        return False
    # A bot that reads everything also reads the commands to others. One that does not gets a bare command
    # only if it spoke last: https://core.telegram.org/bots/features#privacy-mode .
    return _replies_to(message, bot_user) or not bot_user.can_read_all_group_messages


def _mentions(entity: MessageEntity, message: Message, bot_user: User) -> bool:
    if entity.type == MessageEntityType.TEXT_MENTION:
        return entity.user is not None and entity.user.id == bot_user.id
    if entity.type != MessageEntityType.MENTION or not bot_user.username:
        return False
    text = entity.extract_from(message.text or message.caption or "")
    return text.lower() == f"@{bot_user.username.lower()}"


def _replies_to(message: Message, bot_user: User) -> bool:
    replied = message.reply_to_message
    # What is written into a topic replies to its beginning, unless it replies to something else.
    return (
        replied is not None
        and replied.from_user is not None
        and replied.from_user.id == bot_user.id
        and replied.forum_topic_created is None
    )


def _entities(message: Message) -> Sequence[MessageEntity]:
    return (message.entities if message.text else message.caption_entities) or ()


def _without(message: Message, names: Sequence[MessageEntity]) -> Message:
    """Return the message without these of its entities, in its text too."""
    units = (message.text or message.caption or "").encode("utf-16-le")
    kept, end = bytearray(), 0
    for name in names:
        kept += units[2 * end : 2 * name.offset]
        end = name.offset + name.length
        # "Hi @vitte_bot what" is to become "Hi what".
        if kept.endswith(_SPACE) and units[2 * end : 2 * end + 2] == _SPACE:
            end += 1
    kept += units[2 * end :]
    # Formatting would have to be moved: what is asked is in the words.
    text = kept.decode("utf-16-le").lstrip(_AROUND).rstrip()
    part = "text" if message.text else "caption"
    entities = "entities" if message.text else "caption_entities"
    return message.model_copy(update={part: text, entities: None})


_SPACE = " ".encode("utf-16-le")
