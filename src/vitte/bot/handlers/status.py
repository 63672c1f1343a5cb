"""/status: the person's plan, and what is left of it."""

from datetime import timedelta

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message
from dishka.integrations.aiogram import FromDishka

from vitte.billing.schemas import SubscriptionInfo
from vitte.billing.service import SubscriptionService
from vitte.bot.texts import Texts
from vitte.catalogue.service import CatalogueService
from vitte.clients.llm.protocol import ChatModel
from vitte.core.clock import Clock
from vitte.db.models import Plan
from vitte.usage.schemas import Allowance, UsageLeft
from vitte.usage.service import UsageService
from vitte.users.schemas import Person


async def tell_status(
    message: Message,
    person: Person,
    texts: Texts,
    subscriptions: FromDishka[SubscriptionService],
    usage: FromDishka[UsageService],
    model: FromDishka[ChatModel],
    catalogue: FromDishka[CatalogueService],
    clock: FromDishka[Clock],
) -> None:
    """Tell the plan, since when and until when, the model that answers, and what is left."""
    subscription = person.subscription or await subscriptions.current(person.id)
    left = await usage.left(person.id, subscription.plan)
    now = clock.now()
    lines = [
        texts.get(
            "status",
            plan=_plan(texts, subscription.plan, left),
            started_at=texts.date(subscription.started_at),
            expires=_expires(texts, subscription),
            model=await _model(person, subscription.plan, catalogue, model),
        ),
        "",
        _allowance(texts, "status-messages", left.messages, renews_in=left.messages.renews_at - now),
        _allowance(texts, "status-tokens", left.tokens, renews_in=left.tokens.renews_at - now),
    ]
    await message.answer("\n".join(lines))


async def _model(person: Person, plan: str, catalogue: CatalogueService, default: ChatModel) -> str:
    """Return what the model is called that answers the person."""
    model = await catalogue.model(person.settings.model, plan=plan)
    # The one of the settings may be any, and tells more by its own name than by "Default".
    return model.name if model.remote_name else default.name or "—"


def _plan(texts: Texts, plan: str, left: UsageLeft) -> str:
    """Return what the owner calls the plan."""
    return left.names.get(texts.language) or (texts.get("plan-free") if plan == Plan.FREE else plan)


def _expires(texts: Texts, subscription: SubscriptionInfo) -> str:
    if subscription.expires_at is None:
        return texts.get("status-expires-never")
    return texts.get("status-expires-at", expires_at=texts.date(subscription.expires_at))


def _allowance(texts: Texts, key: str, allowance: Allowance, *, renews_in: timedelta) -> str:
    used = texts.number(allowance.used)
    if allowance.limit is None:
        return texts.get(f"{key}-unlimited", used=used)
    return texts.get(key, used=used, limit=texts.number(allowance.limit), renews_in=renews_in)


def create_router() -> Router:
    """Make the router of /status."""
    router = Router(name="status")
    router.message.register(tell_status, Command("status"))
    return router
