"""Queries about subscriptions."""

from collections.abc import Collection

from sqlalchemy import select

from vitte.billing.schemas import SubscriptionInfo
from vitte.db.models import Plan, Subscription, SubscriptionStatus
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction

_ADD_ACTIVE = Statement(
    """
    WITH given AS (
        INSERT INTO subscriptions (user_id, plan, status)
        SELECT user_id, :plan, 'active'
        FROM unnest(CAST(:user_ids AS bigint[])) AS wanted (user_id)
        ORDER BY user_id
        ON CONFLICT (user_id) WHERE status = 'active' DO NOTHING
        RETURNING user_id
    )
    SELECT users.telegram_id FROM given JOIN users ON users.id = given.user_id
    """
)


class SubscriptionRepository:
    """Subscriptions of people."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add_active(self, user_ids: Collection[int], *, plan: Plan) -> list[int]:
        """Give the plan to those who have no active subscription, and return their Telegram ids.

        For anybody else nothing is changed.
        """
        rows = await self._transaction.run(_ADD_ACTIVE, user_ids=list(user_ids), plan=plan)
        return [row[0] for row in rows]

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
