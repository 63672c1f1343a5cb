"""Queries about subscriptions."""

from sqlalchemy import select

from vitte.billing.schemas import SubscriptionInfo
from vitte.db.models import Plan, Subscription, SubscriptionStatus
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction

GIVE_FREE = f"""
    INSERT INTO subscriptions (user_id, plan, status)
    SELECT id, '{Plan.FREE}', 'active' FROM {{people}} ORDER BY id
    ON CONFLICT (user_id) WHERE status = 'active' DO NOTHING
    RETURNING user_id, plan, started_at, expires_at
"""  # noqa: S608 - constants of ours
"""Gives the free plan to those of the `people` (a table, or a part of one) who have no active one."""
_GIVE_FREE = Statement(
    f"""
    WITH given AS ({GIVE_FREE.format(people="users WHERE id = :user_id")})
    SELECT users.telegram_id FROM given JOIN users ON users.id = given.user_id
    """  # noqa: S608 - a constant of ours
)


class SubscriptionRepository:
    """Subscriptions of people."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def give_free(self, user_id: int) -> int | None:
        """Give the free plan to a person without an active subscription, and return their Telegram id.

        For anybody else nothing is changed.
        """
        rows = await self._transaction.run(_GIVE_FREE, user_id=user_id)
        return rows[0].telegram_id if rows else None

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
