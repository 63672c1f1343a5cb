"""What people are told of what could not be handled."""

from typing import Any

import pytest
from aiogram import Dispatcher

from vitte.bot.intake import UpdateHandler
from vitte.core.json import dumps
from vitte.inbox.schemas import ClaimedUpdate

_BEN = {"id": 7, "is_bot": False, "first_name": "Ben", "language_code": "en"}
_BOT = {"id": 42, "is_bot": True, "first_name": "Vitte"}
_PRIVATE = {"id": 7, "type": "private"}
_GROUP = {"id": -100, "type": "supergroup"}


class SomeBot:
    """Remembers what it was to say."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []

    async def send_message(self, chat_id: int, text: str) -> None:
        self.said.append((chat_id, text))


@pytest.mark.parametrize(
    ("content", "is_told"),
    [
        ({"message": {"chat": _PRIVATE, "from": _BEN}}, True),
        ({"edited_message": {"chat": _PRIVATE, "from": _BEN}}, True),
        ({"callback_query": {"from": _BEN, "message": {"chat": _PRIVATE, "from": _BOT}}}, True),
        ({"message": {"chat": _GROUP, "from": _BEN}}, False),
        ({"callback_query": {"from": _BEN}}, False),
        ({"my_chat_member": {"chat": _PRIVATE, "from": _BEN}}, False),
    ],
)
async def test_who_wrote_pressed_or_changed_something_in_private_is_told_that_it_failed(
    content: dict[str, Any], is_told: bool
) -> None:
    bot = SomeBot()
    handler = UpdateHandler(bot, Dispatcher())  # type: ignore[arg-type]  # it says all that is needed
    await handler.give_up(ClaimedUpdate(id=1, update_id=1, payload=dumps(content), attempt=3))
    assert [(chat_id, "Something broke" in text) for chat_id, text in bot.said] == [(7, True)] * is_told
