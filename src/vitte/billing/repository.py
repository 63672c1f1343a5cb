"""Queries about subscriptions."""

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from vitte.billing.schemas import SubscriptionInfo
from vitte.db.models import Plan, Subscription, SubscriptionStatus, User
from vitte.db.transaction import Transaction


class SubscriptionRepository:
    """Subscriptions of people."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_active(self, user_id: int, *, plan: Plan) -> int | None:
        """Give the plan to a person who has no active subscription, and return their Telegram id.

        For anybody else nothing is changed, and None returned.
        """
        telegram_id: int | None = await self._transaction.session.scalar(
            insert(Subscription)
            .values(user_id=user_id, plan=plan, status=SubscriptionStatus.ACTIVE)
            .on_conflict_do_nothing(
                index_elements=[Subscription.user_id], index_where=text("status = 'active'")
            )
            .returning(select(User.telegram_id).where(User.id == user_id).scalar_subquery())
        )
        return telegram_id

    async def active(self, user_id: int) -> SubscriptionInfo | None:
        """Return the person's active subscription."""
        row = (
            await self._transaction.session.execute(
                select(Subscription.plan, Subscription.started_at, Subscription.expires_at).where(
                    Subscription.user_id == user_id, Subscription.status == SubscriptionStatus.ACTIVE
                )
            )
        ).one_or_none()
        return None if row is None else SubscriptionInfo(plan=row[0], started_at=row[1], expires_at=row[2])
