"""The ledger in SQL.

Everybody locks rows in one order, or two processes could wait for each other: calls by their ids, sums of
people by person and day, sums of the bot by day.
"""

from vitte.db.statement import Statement

# One statement for any number of people, each of them once. A statement sees what was committed when it
# began; so what it decides by is locked, which reads it anew, or cannot have changed.
#
# - The sums of a person's day are locked. Those that another process is just making are not seen, but neither
#   are they made a second time: nothing is reserved, and whoever asks again sees them.
# - The sums of the bot's day come last, for everybody needs that row. While it is locked nobody else reserves
#   for this day.
# - Other days of the month change by what is settled only, and may as well be counted as they were before.
#   But around midnight another process may reserve for the day next to ours: then both rows of the bot are
#   locked, and written, by everybody, and whoever finds that one was written meanwhile decides nothing.
#
# The bot's budget may not be enough for all who would fit by themselves: the last of them ask again.
RESERVE = Statement(
    """
    WITH asked AS MATERIALIZED (
        SELECT
            asked.*, plans.messages_per_day, plans.tokens_per_month,
            CAST(floor(plans.cost_per_day * 1000000) AS bigint) AS cost_per_day
        FROM unnest(
            CAST(:user_ids AS bigint[]), CAST(:plans AS text[]), CAST(:kinds AS text[]),
            CAST(:models AS text[]), CAST(:dialog_ids AS bigint[]), CAST(:tokens AS bigint[]),
            CAST(:costs AS bigint[]), CAST(:messages AS integer[])
        ) WITH ORDINALITY
            AS asked (user_id, plan, kind, model, dialog_id, tokens, cost, messages, number)
        LEFT JOIN subscriptions
            ON subscriptions.user_id = asked.user_id AND subscriptions.status = 'active'
        LEFT JOIN plans ON plans.key = COALESCE(subscriptions.plan, asked.plan)
    ), today AS MATERIALIZED (
        SELECT user_id, messages, tokens + reserved_tokens AS tokens, cost + reserved_cost AS cost
        FROM usage_days
        WHERE day = CAST(:day AS date) AND user_id = ANY (CAST(:user_ids AS bigint[]))
        ORDER BY user_id
        FOR NO KEY UPDATE
    ), bot AS MATERIALIZED (
        SELECT day, cost + reserved_cost AS cost, xmin AS version
        FROM bot_days
        WHERE day = ANY (CAST(:days AS date[])) AND (SELECT count(*) FROM today) >= 0
        ORDER BY day
        FOR NO KEY UPDATE
    ), begun AS (
        INSERT INTO bot_days (day)
        SELECT missing.day
        FROM unnest(CAST(:days AS date[])) AS missing (day)
        WHERE missing.day NOT IN (SELECT day FROM bot)
        ORDER BY missing.day
        ON CONFLICT (day) DO NOTHING
    ), whole AS MATERIALIZED (
        SELECT
            max(bot.cost) FILTER (WHERE bot.day = CAST(:day AS date)) AS cost,
            count(*) = cardinality(CAST(:days AS date[]))
                AND (count(*) = 1 OR bool_and(bot.version = seen.xmin)) AS is_known
        FROM bot JOIN bot_days AS seen ON seen.day = bot.day
    ), checked AS MATERIALIZED (
        SELECT
            asked.*, whole.is_known, whole.cost AS spent, today.user_id IS NOT NULL AS has_day,
            CASE
                WHEN NOT whole.is_known THEN NULL
                WHEN asked.messages > 0 AND COALESCE(today.messages, 0) + asked.messages > messages_per_day
                    THEN 'messages_per_day'
                WHEN COALESCE(today.tokens, 0) + COALESCE(others.tokens, 0) + asked.tokens > tokens_per_month
                    THEN 'tokens_per_month'
                WHEN COALESCE(today.cost, 0) + asked.cost > cost_per_day THEN 'cost_per_day'
                WHEN whole.cost + asked.cost > CAST(:budget AS bigint) THEN 'bot_cost_per_day'
            END AS reached
        FROM asked
        CROSS JOIN whole
        LEFT JOIN today ON today.user_id = asked.user_id
        LEFT JOIN LATERAL (
            SELECT CAST(sum(tokens + reserved_tokens) AS bigint) AS tokens
            FROM usage_days
            WHERE asked.tokens_per_month IS NOT NULL
                AND usage_days.user_id = asked.user_id
                AND usage_days.day BETWEEN CAST(:first AS date) AND CAST(:last AS date)
                AND usage_days.day <> CAST(:day AS date)
        ) AS others ON true
    ), fitting AS MATERIALIZED (
        SELECT *
        FROM (
            SELECT *, sum(cost) OVER (ORDER BY number) AS cost_of_all
            FROM checked
            WHERE is_known AND reached IS NULL
        ) AS each
        WHERE CAST(:budget AS bigint) IS NULL OR spent + cost_of_all <= CAST(:budget AS bigint)
    ), opened AS (
        INSERT INTO usage_days (user_id, day, messages, reserved_tokens, reserved_cost)
        SELECT user_id, CAST(:day AS date), messages, tokens, cost
        FROM fitting
        WHERE NOT has_day
        ORDER BY user_id
        ON CONFLICT (user_id, day) DO NOTHING
        RETURNING user_id
    ), grown AS (
        UPDATE usage_days SET
            messages = usage_days.messages + fitting.messages,
            reserved_tokens = reserved_tokens + fitting.tokens,
            reserved_cost = reserved_cost + fitting.cost
        FROM fitting
        WHERE fitting.has_day
            AND usage_days.user_id = fitting.user_id AND usage_days.day = CAST(:day AS date)
        RETURNING usage_days.user_id
    ), charged AS MATERIALIZED (
        SELECT fitting.*
        FROM fitting
        JOIN (SELECT user_id FROM opened UNION ALL SELECT user_id FROM grown) AS noted
            ON noted.user_id = fitting.user_id
    ), bot_charged AS (
        UPDATE bot_days SET
            messages = bot_days.messages + total.messages,
            reserved_tokens = reserved_tokens + total.tokens,
            reserved_cost = reserved_cost + total.cost
        FROM (
            SELECT
                days.day,
                sum(charged.messages * CAST(days.day = CAST(:day AS date) AS integer)) AS messages,
                sum(charged.tokens * CAST(days.day = CAST(:day AS date) AS integer)) AS tokens,
                sum(charged.cost * CAST(days.day = CAST(:day AS date) AS integer)) AS cost
            FROM charged CROSS JOIN unnest(CAST(:days AS date[])) AS days (day)
            GROUP BY days.day
        ) AS total
        WHERE bot_days.day = total.day
    ), reserved AS (
        INSERT INTO usage_calls
            (user_id, day, dialog_id, kind, model, reserved_tokens, reserved_cost, created_at, expires_at)
        SELECT
            user_id, CAST(:day AS date), dialog_id, kind, model, tokens, cost,
            CAST(:now AS timestamptz), CAST(:expires_at AS timestamptz)
        FROM charged
        ORDER BY number
        RETURNING id, user_id
    )
    SELECT checked.user_id, checked.reached, reserved.id, messages_per_day, tokens_per_month, cost_per_day
    FROM checked LEFT JOIN reserved ON reserved.user_id = checked.user_id
    """
)

_SUMS = """
    ), sums AS MATERIALIZED (
        SELECT
            user_id, day, sum(refunded) AS messages, sum(reserved_tokens) AS reserved_tokens,
            sum(reserved_cost) AS reserved_cost, sum(prompt_tokens + completion_tokens) AS tokens,
            sum(cost) AS cost
        FROM closed
        GROUP BY user_id, day
    ), theirs AS MATERIALIZED (
        SELECT sums.*
        FROM sums
        JOIN usage_days ON usage_days.user_id = sums.user_id AND usage_days.day = sums.day
        ORDER BY sums.user_id, sums.day
        FOR NO KEY UPDATE OF usage_days
    ), moved AS (
        UPDATE usage_days SET
            messages = usage_days.messages - theirs.messages,
            tokens = usage_days.tokens + theirs.tokens,
            cost = usage_days.cost + theirs.cost,
            reserved_tokens = usage_days.reserved_tokens - theirs.reserved_tokens,
            reserved_cost = usage_days.reserved_cost - theirs.reserved_cost
        FROM theirs
        WHERE usage_days.user_id = theirs.user_id AND usage_days.day = theirs.day
    ), everybodys AS MATERIALIZED (
        SELECT day
        FROM bot_days
        WHERE day = ANY (ARRAY(SELECT day FROM sums)) AND (SELECT count(*) FROM theirs) >= 0
        ORDER BY day
        FOR NO KEY UPDATE
    ), bot_moved AS (
        UPDATE bot_days SET
            messages = bot_days.messages - total.messages,
            tokens = bot_days.tokens + total.tokens,
            cost = bot_days.cost + total.cost,
            reserved_tokens = bot_days.reserved_tokens - total.reserved_tokens,
            reserved_cost = bot_days.reserved_cost - total.reserved_cost
        FROM (
            SELECT
                day, sum(messages) AS messages, sum(reserved_tokens) AS reserved_tokens,
                sum(reserved_cost) AS reserved_cost, sum(tokens) AS tokens, sum(cost) AS cost
            FROM sums
            WHERE day IN (SELECT day FROM everybodys)
            GROUP BY day
        ) AS total
        WHERE bot_days.day = total.day
    )
"""
CLOSED = """
    SELECT
        kind, model, outcome, count(*) AS calls, sum(prompt_tokens) AS prompt_tokens,
        sum(completion_tokens) AS completion_tokens, sum(cost) AS cost, array_agg(id) AS ids
    FROM closed
    GROUP BY kind, model, outcome
"""


# What calls took takes the place of what was reserved for them. As a part of another statement it comes
# behind what that does first: the bot's sums of the day are then locked for no longer than the end of it.
_USED = """
    known AS MATERIALIZED (
        SELECT used.*
        FROM unnest(
            CAST(:ids AS bigint[]), CAST(:prompt_tokens AS integer[]), CAST(:completion_tokens AS integer[]),
            CAST(:estimated AS boolean[]), CAST(:outcomes AS text[]), CAST(:costs AS bigint[]),
            CAST(:refunded AS integer[])
        ) AS used (id, prompt_tokens, completion_tokens, is_estimated, outcome, cost, refunded)
        JOIN usage_calls ON usage_calls.id = used.id
        WHERE usage_calls.state = 'reserved' AND {first}
        ORDER BY used.id
        FOR NO KEY UPDATE OF usage_calls
    ), closed AS MATERIALIZED (
        UPDATE usage_calls SET
            state = 'settled', prompt_tokens = known.prompt_tokens,
            completion_tokens = known.completion_tokens, is_estimated = known.is_estimated,
            outcome = known.outcome, cost = known.cost, settled_at = CAST(:now AS timestamptz)
        FROM known
        WHERE usage_calls.id = known.id AND usage_calls.state = 'reserved'
        RETURNING
            usage_calls.id, user_id, day, kind, model, usage_calls.outcome, reserved_tokens, reserved_cost,
            usage_calls.prompt_tokens, usage_calls.completion_tokens, usage_calls.cost, known.refunded
"""
SETTLE = Statement(f"WITH {_USED.format(first='true')} {_SUMS} {CLOSED}")


def settling_behind(name: str) -> str:
    """Return what settles calls as common table expressions, behind the one of this name.

    `CLOSED` reads what came of it. It has the parameters of `SETTLE`.
    """
    return f"{_USED.format(first=f'(SELECT count(*) FROM {name}) >= 0')} {_SUMS}"  # noqa: S608 - constants of ours


# All that is reserved may have been spent; how much of it on the answer nobody knows.
_OVERDUE = """
    WITH overdue AS MATERIALIZED (
        SELECT id
        FROM usage_calls
        WHERE state = 'reserved' AND expires_at < CAST(:now AS timestamptz)
        ORDER BY expires_at
        LIMIT CAST(:limit AS integer)
        FOR NO KEY UPDATE SKIP LOCKED
    ), closed AS MATERIALIZED (
        UPDATE usage_calls SET
            state = 'expired', prompt_tokens = reserved_tokens, completion_tokens = 0, is_estimated = true,
            outcome = 'expired', cost = reserved_cost, settled_at = CAST(:now AS timestamptz)
        WHERE id = ANY (ARRAY(SELECT id FROM overdue)) AND state = 'reserved'
        RETURNING
            id, user_id, day, kind, model, outcome, reserved_tokens, reserved_cost, prompt_tokens,
            completion_tokens, cost, 0 AS refunded
"""
EXPIRE = Statement(f"{_OVERDUE} {_SUMS} {CLOSED}")
LEFT = Statement(
    """
    SELECT
        asked.user_id, asked.plan, plans.name_en, plans.name_ru, plans.messages_per_day,
        plans.tokens_per_month, COALESCE(used.messages, 0) AS messages, COALESCE(used.tokens, 0) AS tokens
    FROM unnest(CAST(:user_ids AS bigint[]), CAST(:plans AS text[])) AS asked (user_id, plan)
    LEFT JOIN plans ON plans.key = asked.plan
    CROSS JOIN LATERAL (
        SELECT
            sum(messages) FILTER (WHERE day = CAST(:day AS date)) AS messages,
            CAST(sum(tokens + reserved_tokens) AS bigint) AS tokens
        FROM usage_days
        WHERE usage_days.user_id = asked.user_id AND day BETWEEN CAST(:first AS date) AND CAST(:last AS date)
    ) AS used
    """
)
SPENDING = Statement(
    """
    SELECT
        (SELECT count(*) FROM usage_calls WHERE state = 'reserved') AS open,
        COALESCE((SELECT cost FROM bot_days WHERE day = CAST(:day AS date)), 0) AS cost_today
    """
)
# Person by person: the days of one lie together, and no index begins with the day.
OLD_DAYS = Statement(
    """
    SELECT people.id, old.days
    FROM (
        SELECT id FROM users WHERE id > CAST(:after AS bigint) ORDER BY id LIMIT CAST(:people AS integer)
    ) AS people
    CROSS JOIN LATERAL (
        SELECT ARRAY(
            SELECT usage_days.day
            FROM usage_days
            WHERE usage_days.user_id = people.id AND usage_days.day < CAST(:before AS date)
            ORDER BY usage_days.day
            LIMIT CAST(:days AS integer)
        ) AS days
    ) AS old
    ORDER BY people.id
    """
)
FORGET_DAYS = Statement(
    """
    DELETE FROM usage_days
    USING unnest(CAST(:user_ids AS bigint[]), CAST(:days AS date[])) AS old (user_id, day)
    WHERE usage_days.user_id = old.user_id AND usage_days.day = old.day
    RETURNING usage_days.day
    """
)
