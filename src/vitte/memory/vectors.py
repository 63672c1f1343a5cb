"""Queries about what facts mean; only where the table of vectors is."""

from collections.abc import Collection, Mapping, Sequence
from math import isfinite

from vitte.db.statement import Statement
from vitte.db.transaction import Transaction
from vitte.memory.repository import facts_of
from vitte.memory.schemas import Fact, Meant

_MAX_DIMENSIONS = 16_000
"""https://github.com/pgvector/pgvector#vector-type"""

# Distances are those of one person's facts, all of them: exact, and too few for an index that guesses.
# Vectors of another length are of another model that has the same name. Row by row, or PostgreSQL would read
# all vectors there are where few people have many facts.
_NEAREST = Statement(
    """
    WITH asked AS MATERIALIZED (
        SELECT user_id, CAST(content AS vector) AS meaning, number
        FROM unnest(CAST(:user_ids AS bigint[]), CAST(:vectors AS text[])) WITH ORDINALITY
            AS given (user_id, content, number)
    )
    SELECT found.ids, found.texts
    FROM asked
    CROSS JOIN LATERAL (
        SELECT
            array_agg(id ORDER BY distance, id DESC) AS ids,
            array_agg(text ORDER BY distance, id DESC) AS texts
        FROM (
            SELECT memories.id, memories.text, made.embedding <=> asked.meaning AS distance
            FROM memories
            CROSS JOIN LATERAL (
                SELECT embedding FROM memory_embeddings
                WHERE memory_id = memories.id AND model = CAST(:model AS text) LIMIT 1
            ) AS made
            WHERE memories.user_id = asked.user_id
                AND vector_dims(made.embedding) = vector_dims(asked.meaning)
            ORDER BY distance, memories.id DESC
            LIMIT CAST(:limit AS integer)
        ) AS nearest
    ) AS found
    ORDER BY asked.number
    """
)
_LIKE = Statement(
    """
    WITH asked AS MATERIALIZED (SELECT CAST(CAST(:vector AS text) AS vector) AS meaning)
    SELECT memories.id
    FROM asked
    CROSS JOIN memories
    CROSS JOIN LATERAL (
        SELECT embedding FROM memory_embeddings
        WHERE memory_id = memories.id AND model = CAST(:model AS text) LIMIT 1
    ) AS made
    WHERE memories.user_id = CAST(:user_id AS bigint)
        AND CASE
            WHEN vector_dims(made.embedding) = vector_dims(asked.meaning)
            THEN made.embedding <=> asked.meaning <= CAST(:distance AS float8)
        END
    """
)
_WITHOUT = Statement(
    """
    SELECT id, text
    FROM memories
    WHERE user_id = CAST(:user_id AS bigint)
        AND (SELECT model FROM memory_embeddings WHERE memory_id = memories.id LIMIT 1)
            IS DISTINCT FROM CAST(:model AS text)
    ORDER BY id DESC
    """
)
# A fact may be forgotten meanwhile; one that is there stays until this is committed.
_SAVE = Statement(
    """
    INSERT INTO memory_embeddings (memory_id, model, embedding)
    SELECT memories.id, CAST(:model AS text), CAST(made.content AS vector)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:vectors AS text[])) AS made (id, content)
    JOIN memories ON memories.id = made.id
    ORDER BY memories.id
    FOR KEY SHARE OF memories
    ON CONFLICT (memory_id) DO UPDATE SET model = excluded.model, embedding = excluded.embedding
    """
)


class VectorRepository:
    """What facts mean, as vectors of one model."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def nearest(self, meant: Sequence[Meant], *, model: str, limit: int) -> list[list[Fact]]:
        """Return for each question the facts of its person that are nearest to it, nearest first."""
        rows = await self._transaction.run(
            _NEAREST,
            user_ids=[one.user_id for one in meant],
            vectors=[one.vector for one in meant],
            model=model,
            limit=limit,
        )
        return [facts_of(row.ids, row.texts) for row in rows]

    async def like(self, user_id: int, vector: str, *, model: str, distance: float) -> list[int]:
        """Return the ids of a person's facts that say the same, by their cosine distance."""
        rows = await self._transaction.run(
            _LIKE, user_id=user_id, vector=vector, model=model, distance=distance
        )
        return [row.id for row in rows]

    async def without(self, user_id: int, *, model: str) -> list[Fact]:
        """Return a person's facts that have no vector of this model yet, newest first."""
        rows = await self._transaction.run(_WITHOUT, user_id=user_id, model=model)
        return [Fact(id=row.id, text=row.text) for row in rows]

    async def save(self, vectors: Mapping[int, str], *, model: str) -> None:
        """Keep the vectors of facts, by the ids of those that are still there."""
        await self._transaction.session.execute(
            _SAVE.clause, {"ids": list(vectors), "vectors": list(vectors.values()), "model": model}
        )


def as_text(vector: Collection[float]) -> str | None:
    """Return a vector as PostgreSQL reads it; None for one that it would refuse, or that points nowhere."""
    if not 0 < len(vector) <= _MAX_DIMENSIONS or not any(vector) or not all(map(isfinite, vector)):
        return None
    return "[" + ",".join(map(repr, map(float, vector))) + "]"
