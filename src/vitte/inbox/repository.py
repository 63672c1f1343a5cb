"""Queries about stored updates."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from vitte.db.batches import is_one_of
from vitte.db.models import InboxUpdate, UpdateLane, UpdateState
from vitte.db.riders import Effect, with_riders
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction
from vitte.inbox.schemas import ClaimedUpdate, InboxBacklog, IncomingUpdate, StoredUpdate

INBOX_CHANNEL = "vitte_inbox"
"""PostgreSQL's notification channel that tells of new updates."""

# What every update meets is put together once: SQLAlchemy takes 1 ms to build such a statement, and more the
# more rows it has. Of notifications that are alike PostgreSQL makes one.
#
# Whoever brings updates may take up to `room` of them at once, as a claim that follows would: of each chat
# and lane the first, unless an earlier one is open. Nobody else needs to hear of those.
_ADD = Statement(
    f"""
    WITH brought AS (
        SELECT *, row_number() OVER (PARTITION BY order_key, lane ORDER BY update_id) = 1 AS is_first
        FROM unnest(
            CAST(:update_ids AS bigint[]), CAST(:order_keys AS bigint[]), CAST(:lanes AS smallint[]),
            CAST(:payloads AS text[])
        ) AS brought (update_id, order_key, lane, payload)
    ), seen AS (
        SELECT *,
            is_first AND NOT EXISTS (
                SELECT FROM inbox_updates AS earlier
                WHERE earlier.state = 'open' AND earlier.order_key = brought.order_key
                    AND earlier.lane = brought.lane AND earlier.update_id < brought.update_id
                    AND earlier.bot_id = CAST(:bot_id AS bigint)
            ) AS is_free
        FROM brought
    ), new AS (
        INSERT INTO inbox_updates (bot_id, update_id, order_key, lane, payload, attempts, leased_until)
        SELECT
            CAST(:bot_id AS bigint), update_id, order_key, lane, payload,
            CASE WHEN is_taken THEN 1 ELSE 0 END,
            CASE WHEN is_taken THEN now() + make_interval(secs => :lease) END
        FROM (
            SELECT *, is_free AND row_number() OVER (PARTITION BY is_free ORDER BY lane, update_id)
                <= CAST(:room AS integer) AS is_taken
            FROM seen
        ) AS chosen
        ORDER BY update_id
        ON CONFLICT (bot_id, update_id) DO NOTHING
        RETURNING id, update_id, attempts
    )
    SELECT id, update_id, attempts, CASE WHEN attempts = 0 THEN pg_notify('{INBOX_CHANNEL}', '') END
    FROM new
    """  # noqa: S608 - a constant of ours
)
# Another update of a chat is looked up, not asked for by EXISTS: PostgreSQL makes a join of that and, as long
# as its statistics know of no open updates, one that compares each with every other. `id > 0` is always so
# and opens the index of updates in their order, which is fast for all of them and slow for one chat.
_CLAIM = """
    WITH free AS (
        SELECT id FROM inbox_updates AS mine
        WHERE bot_id = :bot_id AND state = 'open' AND id > 0 {lane}
            AND (leased_until IS NULL OR leased_until < now())
            AND (
                SELECT id FROM inbox_updates AS earlier
                WHERE earlier.state = 'open' AND earlier.order_key = mine.order_key
                    AND earlier.lane = mine.lane AND earlier.update_id < mine.update_id
                    AND earlier.bot_id = mine.bot_id
                LIMIT 1
            ) IS NULL
        ORDER BY lane, update_id
        LIMIT CAST(:room AS integer)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE inbox_updates
    SET leased_until = now() + make_interval(secs => :lease), attempts = attempts + 1
    FROM free WHERE inbox_updates.id = free.id
    RETURNING inbox_updates.id, update_id, payload, attempts
    """
_CLAIM_ANY = Statement(_CLAIM.format(lane=""))
_CLAIM_FAST = Statement(_CLAIM.format(lane=f"AND lane = {UpdateLane.FAST:d}"))
# Those that this statement marks still look open to it. What they leave behind may go with it.
_FINISH = """
    WITH done AS (
        UPDATE inbox_updates SET state = 'done', payload = NULL, leased_until = NULL, finished_at = now()
        WHERE id = ANY (CAST(:ids AS bigint[]))
        RETURNING id, bot_id, order_key, lane
    )
    SELECT id FROM done
    WHERE (
        SELECT id FROM inbox_updates AS later
        WHERE later.state = 'open' AND later.order_key = done.order_key AND later.lane = done.lane
            AND later.bot_id = done.bot_id AND later.id <> ALL (CAST(:ids AS bigint[]))
        LIMIT 1
    ) IS NOT NULL
    """

_WAITING = Statement(
    f"""
    SELECT payload FROM inbox_updates
    WHERE state = 'open' AND order_key = :order_key AND lane = {UpdateLane.ORDINARY:d} AND bot_id = :bot_id
    ORDER BY update_id
    LIMIT CAST(:limit AS integer)
    """  # noqa: S608 - a constant of ours
)

# Written out, or PostgreSQL would not use the index of open updates.
_IS_OPEN = InboxUpdate.state == text("'open'")


class InboxRepository:
    """The inbox of updates."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(
        self, bot_id: int, updates: Sequence[IncomingUpdate], *, room: int = 0, lease: timedelta = timedelta()
    ) -> list[StoredUpdate]:
        """Store the updates that are not there yet, and return those that were new.

        Up to `room` of them are claimed for `lease` at once. For the others every bot that listens is woken
        once this is committed.
        """
        rows = await self._transaction.run(
            _ADD,
            bot_id=bot_id,
            update_ids=[item.update_id for item in updates],
            order_keys=[item.order_key for item in updates],
            lanes=[item.lane for item in updates],
            payloads=[item.payload for item in updates],
            room=room,
            lease=lease.total_seconds(),
        )
        return [StoredUpdate(id=row.id, update_id=row.update_id, is_claimed=row.attempts > 0) for row in rows]

    async def claim(
        self, bot_id: int, *, limit: int, lease: timedelta, only_fast: bool = False
    ) -> list[ClaimedUpdate]:
        """Take up to `limit` updates for `lease`: of each chat and lane the oldest open one, unless taken.

        The fast lane goes first, or alone.
        """
        rows = await self._transaction.run(
            _CLAIM_FAST if only_fast else _CLAIM_ANY, bot_id=bot_id, room=limit, lease=lease.total_seconds()
        )
        return sorted(
            (
                ClaimedUpdate(id=row[0], update_id=row[1], payload=row[2] or "", attempt=row[3])
                for row in rows
            ),
            key=lambda item: item.update_id,
        )

    async def backlog(self) -> InboxBacklog:
        """Return what is open."""
        oldest = func.min(InboxUpdate.received_at).filter(_is_free())
        row = (
            await self._transaction.session.execute(
                select(func.count(InboxUpdate.id), func.extract("epoch", func.now() - oldest)).where(_IS_OPEN)
            )
        ).one()
        return InboxBacklog(open=row[0], oldest=float(row[1] or 0))

    async def count_dead(self) -> int:
        """Return how many updates were given up."""
        dead = select(func.count(InboxUpdate.id)).where(_is_at_rest_as(UpdateState.DEAD))
        return await self._transaction.session.scalar(dead) or 0

    async def waiting(self, bot_id: int, order_key: int, *, limit: int) -> list[str]:
        """Return the first open updates of a chat, in order: what is being handled, and what follows."""
        rows = await self._transaction.run(_WAITING, bot_id=bot_id, order_key=order_key, limit=limit)
        return [row[0] for row in rows]

    async def busy_with(self, bot_id: int, update_id: int) -> str | None:
        """Return the update that its chat was busy with when `update_id` came in, if it is not done yet.

        That is the oldest one of the ordinary lane that was not at rest at that moment; so this stays the
        answer, whenever it is asked for, until the update is done, and then it is None for good.
        """
        session = self._transaction.session
        came_in = (
            await session.execute(
                select(InboxUpdate.order_key, InboxUpdate.received_at).where(
                    InboxUpdate.bot_id == bot_id, InboxUpdate.update_id == update_id
                )
            )
        ).one_or_none()
        if came_in is None:
            return None
        order_key, received_at = came_in
        is_open = InboxUpdate.state == text("'open'")
        busy = (
            await session.execute(
                select(is_open, InboxUpdate.payload)
                .where(
                    InboxUpdate.bot_id == bot_id,
                    InboxUpdate.order_key == order_key,
                    InboxUpdate.lane == UpdateLane.ORDINARY,
                    InboxUpdate.update_id < update_id,
                    or_(
                        is_open,
                        and_(InboxUpdate.state != text("'open'"), InboxUpdate.finished_at > received_at),
                    ),
                )
                .order_by(InboxUpdate.update_id)
                .limit(1)
            )
        ).one_or_none()
        return busy[1] if busy is not None and busy[0] else None

    async def renew(self, claimed: Collection[ClaimedUpdate], *, lease: timedelta) -> set[ClaimedUpdate]:
        """Keep claimed updates for another `lease`; return those that are still open, and nobody else's."""
        kept = await self._transaction.session.execute(
            update(InboxUpdate)
            .where(_are_held(claimed))
            .values(leased_until=func.now() + lease)
            .returning(InboxUpdate.id, InboxUpdate.attempts)
        )
        held = {(row[0], row[1]) for row in kept}
        return {item for item in claimed if (item.id, item.attempt) in held}

    async def release(self, claimed: Collection[ClaimedUpdate]) -> None:
        """Give claimed updates back as if they had never been taken, unless somebody else has them by now."""
        await self._transaction.session.execute(
            update(InboxUpdate)
            .where(_are_held(claimed))
            .values(leased_until=null(), attempts=InboxUpdate.attempts - 1)
        )

    async def finish(self, ids: Collection[int], effects: Sequence[Effect] = ()) -> set[int]:
        """Mark updates as done, and forget what they said; return those that their chat's next waits for.

        Their `effects` are written by the same statement.
        """
        statement, parameters = with_riders(_FINISH, effects)
        rows = await self._transaction.run(statement, ids=list(ids), **parameters)
        return {row[0] for row in rows}

    async def purge(self, state: UpdateState, *, older_than: timedelta, limit: int) -> int:
        """Delete up to `limit` updates that came to rest in `state` longer ago than `older_than`."""
        old = (
            select(InboxUpdate.id)
            .where(_is_at_rest_as(state), InboxUpdate.finished_at < func.now() - older_than)
            .order_by(InboxUpdate.finished_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        gone = await self._transaction.session.scalars(
            delete(InboxUpdate).where(is_one_of(InboxUpdate.id, old)).returning(InboxUpdate.id)
        )
        return len(gone.all())

    async def fail(
        self, claimed: ClaimedUpdate, *, error: str, max_attempts: int, retry_in: timedelta
    ) -> bool:
        """Put an update off for another try, or to rest after its last; tell whether it is dead.

        One that somebody else has by now is left to them.
        """
        is_last = InboxUpdate.attempts >= max_attempts
        dead: bool | None = await self._transaction.session.scalar(
            update(InboxUpdate)
            .where(_are_held([claimed]))
            .values(
                error=cast(literal(error), Text),
                state=case((is_last, UpdateState.DEAD), else_=UpdateState.OPEN),
                finished_at=case((is_last, func.now()), else_=null()),
                leased_until=case((is_last, null()), else_=func.now() + retry_in),
            )
            .returning(InboxUpdate.state == UpdateState.DEAD)
        )
        return bool(dead)


def _is_at_rest_as(state: UpdateState) -> ColumnElement[bool]:
    # As with what is open: each of the two has an index of its own.
    return InboxUpdate.state == text(f"'{state}'")


def _are_held(claimed: Collection[ClaimedUpdate]) -> ColumnElement[bool]:
    # Every claim counts one attempt more: the number tells one holder from the next.
    held = tuple_(InboxUpdate.id, InboxUpdate.attempts).in_([(item.id, item.attempt) for item in claimed])
    return and_(held, InboxUpdate.state == UpdateState.OPEN)


def _is_free() -> ColumnElement[bool]:
    """Nobody has the update, and no earlier one of its chat and lane is open."""
    earlier = aliased(InboxUpdate)
    one_before = (
        select(earlier.id)
        .where(
            earlier.state == text("'open'"),
            earlier.order_key == InboxUpdate.order_key,
            earlier.lane == InboxUpdate.lane,
            earlier.update_id < InboxUpdate.update_id,
            earlier.bot_id == InboxUpdate.bot_id,
        )
        .limit(1)
        .scalar_subquery()
    )
    return and_(
        or_(InboxUpdate.leased_until.is_(None), InboxUpdate.leased_until < func.now()), one_before.is_(None)
    )
