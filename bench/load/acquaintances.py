"""People whom the bot knows from before the run, put into the database as they would be there."""

from collections.abc import Sequence
from typing import Any

LANGUAGES = ("en", "ru")
TURNS = 6
"""Questions that everybody had asked before, each with its answer: that is what the model is shown."""

_ANSWER = "There is more to say about it than most people would expect of so short a question. " * 7

_USERS = """
    INSERT INTO users (telegram_id, first_name, language_code)
    SELECT id, 'Person ' || number - 1, ($2::text[])[(number - 1) % cardinality($2::text[]) + 1]
    FROM unnest($1::bigint[]) WITH ORDINALITY AS person (id, number)
"""
_OF_USERS = "SELECT id FROM users WHERE telegram_id = ANY ($1::bigint[])"
_SETTINGS = f"INSERT INTO settings (user_id) {_OF_USERS}"
_SUBSCRIPTIONS = f"""
    INSERT INTO subscriptions (user_id, plan, status)
    SELECT id, 'free', 'active' FROM ({_OF_USERS}) AS known
"""  # noqa: S608 - a constant of ours
_DIALOGS = f"""
    INSERT INTO dialogs (user_id, title) SELECT id, 'An earlier talk' FROM ({_OF_USERS}) AS known
    RETURNING id
"""  # noqa: S608 - a constant of ours
# An answer is the row right after its question. Ids of messages that old are below all of the run.
_MESSAGES = """
    INSERT INTO messages (dialog_id, role, text, model, telegram_message_id)
    SELECT dialog, role, text, model, turn * 2 + offset_ - 10000
    FROM unnest($1::bigint[]) AS dialog, generate_series(1, $2::int) AS turn,
        (VALUES ('user', 'What did you want to ask me, all those days ago?', NULL, 0),
                ('assistant', $3::text, 'scripted', 1)) AS side (role, text, model, offset_)
    ORDER BY dialog, turn, offset_
"""
_PAIRS = """
    UPDATE messages SET question_id = id - 1
    WHERE role = 'assistant' AND question_id IS NULL AND dialog_id = ANY ($1::bigint[])
"""
_TABLES = ("users", "settings", "subscriptions", "dialogs", "messages")


async def make_known(database: Any, people: Sequence[int]) -> None:
    """Store people of these ids at Telegram, who take turns with LANGUAGES, and what they have said."""
    async with database.transaction():
        await database.execute(_USERS, people, list(LANGUAGES))
        for statement in (_SETTINGS, _SUBSCRIPTIONS):
            await database.execute(statement, people)
        dialogs = [row["id"] for row in await database.fetch(_DIALOGS, people)]
        await database.execute(_MESSAGES, dialogs, TURNS, _ANSWER)
        await database.execute(_PAIRS, dialogs)
    for table in _TABLES:
        await database.execute(f"VACUUM ANALYZE {table}")
