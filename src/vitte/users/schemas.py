"""What other rooms know of a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramProfile:
    """A person as Telegram shows them with every update."""

    telegram_id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleCount:
    """How many people there are: those who can be written to, and those who blocked the bot."""

    reachable: int
    blocked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A registered person.

    `language_code` is the one to talk in: the person's choice, else Telegram's; an IETF tag or None.
    """

    id: int
    telegram_id: int
    first_name: str
    language_code: str | None
    is_new: bool = False
