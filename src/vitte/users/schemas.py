"""What other rooms know of a person."""

from dataclasses import dataclass

from vitte.billing.schemas import SubscriptionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramProfile:
    """A person as Telegram shows them with every update."""

    telegram_id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings:
    """What a person has chosen; None follows the default."""

    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """All that an update needs to know of a person: one entry of the cache, read in one round trip.

    Whoever changes any of it in PostgreSQL invalidates `PROFILE` when that is committed.
    """

    id: int
    telegram: TelegramProfile
    has_blocked_bot: bool
    settings: PersonSettings
    subscription: SubscriptionInfo | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleCount:
    """How many people there are: those who can be written to, and those who blocked the bot.

    And how many of all of them were seen within the last day, and the last seven.
    """

    reachable: int
    blocked: int
    active_day: int
    active_week: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A registered person.

    `language_code` is the one to talk in: the person's choice, else Telegram's; an IETF tag or None.
    `subscription` is there to be shown, and may be a moment old; None when it is not known here. What costs
    something asks `SubscriptionService`.
    """

    id: int
    telegram_id: int
    first_name: str
    language_code: str | None
    is_new: bool = False
    subscription: SubscriptionInfo | None = None
