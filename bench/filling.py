"""Tables as they are after months: made by PostgreSQL itself, a million rows in some seconds."""

from dataclasses import dataclass
from typing import Any

FIRST_CHAT = 1_000_000
"""Telegram's id of the first person; the others follow."""

_PEOPLE = """
    INSERT INTO users (telegram_id, first_name, username, language_code, created_at)
    SELECT $2 + i, 'Person ' || i, 'person_' || i, 'en', now() - interval '90 days'
    FROM generate_series(0, $1 - 1) i
"""
_OF_EACH = (
    "INSERT INTO settings (user_id) SELECT id FROM users",
    "INSERT INTO subscriptions (user_id, plan, status) SELECT id, 'free', 'active' FROM users",
    "INSERT INTO dialogs (user_id, title) SELECT id, 'About ' || id FROM users",
)
# Questions and answers by turns, people in an order that mixes them: nobody's messages lie side by side.
_MESSAGES = """
    WITH ours AS (SELECT array_agg(id ORDER BY id) AS ids FROM dialogs)
    INSERT INTO messages (id, dialog_id, question_id, role, text, model, telegram_message_id, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT
        i, ids[1 + (i / 2 * 7919) % cardinality(ids)],
        CASE WHEN i % 2 = 1 THEN i - 1 END,
        CASE WHEN i % 2 = 0 THEN 'user' ELSE 'assistant' END,
        repeat(md5(i::text) || ' ', 3 + (i % 17)::integer),
        CASE WHEN i % 2 = 1 THEN 'scripted' END,
        i, now() - interval '89 days' * (1 - (i - 2)::float8 / $1)
    FROM ours, generate_series(2::bigint, $1 + 1) i
"""
# A call for each answer, and the sums of each person's days.
_CALLS = """
    INSERT INTO usage_calls
        (user_id, day, dialog_id, kind, model, state, outcome, reserved_tokens, reserved_cost, prompt_tokens,
        completion_tokens, cost, created_at, expires_at, settled_at)
    SELECT
        dialogs.user_id, (messages.created_at AT TIME ZONE 'UTC')::date, dialogs.id, 'chat', 'scripted',
        'settled', 'complete', 3000, 3000, 500, 200, 700, messages.created_at,
        messages.created_at + interval '30 minutes', messages.created_at
    FROM messages JOIN dialogs ON dialogs.id = messages.dialog_id
    WHERE messages.role = 'assistant'
"""
_DAYS = """
    INSERT INTO usage_days (user_id, day, messages, tokens, cost)
    SELECT user_id, day, count(*), sum(prompt_tokens + completion_tokens), sum(cost)
    FROM usage_calls
    GROUP BY user_id, day
"""
_BOT_DAYS = """
    INSERT INTO bot_days (day, messages, tokens, cost)
    SELECT day, sum(messages), sum(tokens), sum(cost) FROM usage_days GROUP BY day
"""
_AFTER_MESSAGES = "SELECT setval(pg_get_serial_sequence('messages', 'id'), max(id) + 1) FROM messages"
# What is done lost its text; one of a thousand was given up.
_UPDATES = """
    INSERT INTO inbox_updates
        (bot_id, update_id, order_key, state, attempts, received_at, finished_at)
    SELECT
        $2, i, $3 + i % $4, CASE WHEN i % 1000 = 0 THEN 'dead' ELSE 'done' END, 1,
        at, at + interval '1 second'
    FROM generate_series(1::bigint, $1) i,
        LATERAL (SELECT now() - interval '47 hours' * (1 - i::float8 / $1)) times (at)
"""
_JOBS = """
    INSERT INTO jobs (name, args, queue, state, attempts, created_at, finished_at)
    SELECT
        'dialogs.title', '{}', 'default', CASE WHEN i % 1000 = 0 THEN 'dead' ELSE 'done' END, 1,
        at, at + interval '1 second'
    FROM generate_series(1::bigint, $1) i,
        LATERAL (SELECT now() - interval '47 hours' * (1 - i::float8 / $1)) times (at)
"""
# As messages: nobody's facts lie side by side.
_FACTS = """
    WITH ours AS (SELECT array_agg(id ORDER BY id) AS ids FROM users)
    INSERT INTO memories (user_id, text)
    SELECT ids[1 + (i * 7919) % cardinality(ids)], repeat(md5(i::text) || ' ', 3)
    FROM ours, generate_series(1::bigint, $1) i
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How much there is of everything. Everybody has a dialog; `updates` and `jobs` are at rest."""

    people: int
    messages: int
    updates: int
    jobs: int
    facts: int = 0


async def fill(connection: Any, contents: Contents, *, bot_id: int) -> None:
    """Fill empty tables of a migrated database, through a connection of asyncpg's.

    The oldest message is 89 days old, the oldest update and job 47 hours: nothing is past its time yet.
    """
    await connection.execute(_PEOPLE, contents.people, FIRST_CHAT)
    for statement in _OF_EACH:
        await connection.execute(statement)
    await connection.execute(_MESSAGES, contents.messages)
    await connection.fetch(_AFTER_MESSAGES)
    for statement in (_CALLS, _DAYS, _BOT_DAYS):
        await connection.execute(statement)
    await connection.execute(_UPDATES, contents.updates, bot_id, FIRST_CHAT, contents.people)
    await connection.execute(_JOBS, contents.jobs)
    await connection.execute(_FACTS, contents.facts)
    await connection.execute("VACUUM (ANALYZE)")
