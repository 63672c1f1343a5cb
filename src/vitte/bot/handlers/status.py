"""/status: the person's plan."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message
from babel.dates import format_date
from dishka.integrations.aiogram import FromDishka

from vitte.billing.service import SubscriptionService
from vitte.bot.texts import Texts
from vitte.clients.llm.protocol import ChatModel
from vitte.users.schemas import Person


async def tell_status(
    message: Message,
    person: Person,
    texts: Texts,
    subscriptions: FromDishka[SubscriptionService],
    model: FromDishka[ChatModel],
) -> None:
    """Tell the plan, since when and until when, and the model that answers."""
    subscription = person.subscription or await subscriptions.current(person.id)
    expires = (
        texts.get("status-expires-never")
        if subscription.expires_at is None
        else texts.get(
            "status-expires-at",
            expires_at=format_date(subscription.expires_at, format="long", locale=texts.language),
        )
    )
    await message.answer(
        texts.get(
            "status",
            plan=texts.get(f"plan-{subscription.plan}"),
            started_at=format_date(subscription.started_at, format="long", locale=texts.language),
            expires=expires,
            model=model.name or "—",
        )
    )


def create_router() -> Router:
    """Make the router of /status."""
    router = Router(name="status")
    router.message.register(tell_status, Command("status"))
    return router
