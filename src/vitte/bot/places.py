"""Which place a message belongs to."""

from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message

from vitte.assistant.places import Place


def topic_of(message: Message) -> int | None:
    """Return the `message_thread_id` of a message of a topic, which answers need to come out there.

    Outside of topics a thread is only who replied to whom: https://core.telegram.org/bots/api#message .
    """
    return message.message_thread_id if message.is_topic_message else None


def place_of(message: Message) -> Place | None:
    """Return the place; None for a private chat outside of topics, which is the person's own."""
    topic = topic_of(message)
    if message.chat.type == ChatType.PRIVATE and topic is None:
        return None
    return Place(message.chat.id, topic or 0)


def place_pressed_in(query: CallbackQuery) -> Place | None:
    """Return the place of the message whose button was pressed; None also where Telegram does not tell it."""
    return place_of(query.message) if isinstance(query.message, Message) else None
