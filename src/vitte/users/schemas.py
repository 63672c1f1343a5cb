"""What other rooms know of a person."""

from dataclasses import dataclass
from datetime import datetime

from vitte.billing.schemas import SubscriptionInfo
from vitte.db.models import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramProfile:
    """A person as Telegram shows them with every update."""

    telegram_id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A text that the bot has asked the person for: their next one is no question.

    `about` is the dialog that it is to name, `menu_id` the message that asks for it.
    """

    about: int
    menu_id: int
    until: datetime
    taken_by: int | None = None
    """The message that has given it. It stays known, for that message may be handled again."""

    def is_given_by(self, message_id: int, *, at: datetime) -> bool:
        """Tell whether this message of the person's, written at that time, is the text."""
        return at <= self.until if self.taken_by is None else self.taken_by == message_id

    def is_open(self, *, at: datetime) -> bool:
        """Tell whether it is waited for still."""
        return self.taken_by is None and at <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSettings:
    """What a person has chosen; None follows the default."""

    language: str | None = None
    persona: str | None = None
    """Key of the persona that new dialogs begin with."""
    model: str | None = None
    """Key of the model that answers."""
    remembers: bool = True
    """Whether facts about the person are kept and used."""
    speaks: bool = False
    """Whether answers are spoken as well."""
    awaited: Awaited | None = None


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
class Met:
    """What is stored of a person whom Telegram shows, as of this moment.

    `is_new`: they were not known before. `is_written`: they were not, or not like this.
    """

    profile: Profile
    is_new: bool
    is_written: bool


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
    settings: PersonSettings = PersonSettings()

    @property
    def plan(self) -> str:
        """The plan by which to show what may be chosen; it decides about nothing that costs."""
        return Plan.FREE if self.subscription is None else self.subscription.plan
