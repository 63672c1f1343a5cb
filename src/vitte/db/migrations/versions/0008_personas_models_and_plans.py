"""Personas, models and plans

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    personas = _create_personas()
    models = _create_models()
    plans = _create_plans()
    op.add_column("settings", sa.Column("persona", sa.String(length=64), nullable=True))
    op.add_column("settings", sa.Column("model", sa.String(length=64), nullable=True))
    op.add_column(
        "settings", sa.Column("remembers", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column(
        "settings", sa.Column("speaks", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.alter_column("dialogs", "user_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column("dialogs", sa.Column("chat_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "dialogs", sa.Column("topic_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("dialogs", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dialogs", sa.Column("persona", sa.String(length=64), nullable=True))
    op.add_column("dialogs", sa.Column("summary", sa.Text(), nullable=True))
    op.add_column("dialogs", sa.Column("summary_until", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("author", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("tokens", sa.Integer(), nullable=True))
    op.add_column("messages", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.bulk_insert(personas, _PERSONAS)
    # The one of the settings, whatever it is: a bot answers before anybody has filled the catalogue.
    op.bulk_insert(models, [{"key": "default", "name": "Default"}])
    op.bulk_insert(
        plans,
        [
            {
                "key": "free",
                "name_en": "Free",
                "name_ru": "Бесплатный",
                "messages_per_day": 100,
                "tokens_per_month": 2_000_000,
            }
        ],
    )


def downgrade() -> None:
    """Undo. What was said in groups goes: the version before knows of none."""
    for column in ("edited_at", "tokens", "author"):
        op.drop_column("messages", column)
    op.execute("DELETE FROM dialogs WHERE user_id IS NULL")
    for column in ("summary_until", "summary", "persona", "ended_at", "topic_id", "chat_id"):
        op.drop_column("dialogs", column)
    op.alter_column("dialogs", "user_id", existing_type=sa.BigInteger(), nullable=False)
    for column in ("speaks", "remembers", "model", "persona"):
        op.drop_column("settings", column)
    for table in ("plans", "models", "personas"):
        op.drop_table(table)


def _create_personas() -> sa.Table:
    return op.create_table(
        "personas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name_en", sa.String(length=64), nullable=False),
        sa.Column("name_ru", sa.String(length=64), nullable=False),
        sa.Column("prompt", sa.Text(), server_default="", nullable=False),
        sa.Column("greeting_en", sa.Text(), server_default="", nullable=False),
        sa.Column("greeting_ru", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personas")),
        sa.UniqueConstraint("key", name=op.f("uq_personas_key")),
    )


def _create_models() -> sa.Table:
    return op.create_table(
        "models",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=64), server_default="default", nullable=False),
        sa.Column("remote_name", sa.String(length=128), server_default="", nullable=False),
        sa.Column("fallbacks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("context_window", sa.Integer(), server_default=sa.text("8192"), nullable=False),
        sa.Column("max_tokens", sa.Integer(), nullable=True),
        sa.Column("price_in", sa.Numeric(12, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("price_out", sa.Numeric(12, 4), server_default=sa.text("0"), nullable=False),
        sa.Column("sees_images", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("uses_tools", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("plans", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
        sa.UniqueConstraint("key", name=op.f("uq_models_key")),
    )


def _create_plans() -> sa.Table:
    return op.create_table(
        "plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=64), nullable=False),
        sa.Column("name_ru", sa.String(length=64), nullable=False),
        sa.Column("messages_per_day", sa.Integer(), nullable=True),
        sa.Column("tokens_per_month", sa.BigInteger(), nullable=True),
        sa.Column("cost_per_day", sa.Numeric(12, 4), nullable=True),
        sa.Column("position", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("key", name=op.f("uq_plans_key")),
    )


_PERSONAS = [
    {
        "key": "assistant",
        "name_en": "✨ Assistant",
        "name_ru": "✨ Ассистент",
        "prompt": "",
        "greeting_en": "I am here. What is it about?",
        "greeting_ru": "Я на связи. О чём поговорим?",
        "position": 0,
    },
    {
        "key": "editor",
        "name_en": "✍️ Editor",
        "name_ru": "✍️ Редактор",
        "prompt": "You are an experienced editor. Improve the texts that people give you: clear, correct and "
        "alive, in their own voice and language. Give the new text first, then, briefly, what you changed "
        "and why.",
        "greeting_en": "Send me a text, and I will make it better without making it somebody else's.",
        "greeting_ru": "Пришлите текст — сделаю его лучше и не сделаю чужим.",
        "position": 1,
    },
    {
        "key": "translator",
        "name_en": "🌍 Translator",
        "name_ru": "🌍 Переводчик",
        "prompt": "You are a translator. Translate what people send you: into English if it is in another "
        "language, else into Russian, unless they name a language. Keep tone and layout. Answer with the "
        "translation alone; add a note only where a meaning would be lost.",
        "greeting_en": "Send me anything to translate; name a language if it should be another than English.",
        "greeting_ru": "Пришлите что угодно — переведу; назовите язык, если нужен не английский.",
        "position": 2,
    },
    {
        "key": "teacher",
        "name_en": "🎓 Teacher",
        "name_ru": "🎓 Учитель",
        "prompt": "You are a patient teacher. Find out what the learner knows, explain in small steps with "
        "examples from life, and end with one short question that shows whether it was understood. Praise "
        "effort, and correct mistakes kindly.",
        "greeting_en": "What would you like to understand? Tell me what you know of it already.",
        "greeting_ru": "Что хотите понять? Расскажите, что уже знаете об этом.",
        "position": 3,
    },
    {
        "key": "programmer",
        "name_en": "💻 Programmer",
        "name_ru": "💻 Программист",
        "prompt": "You are a senior software engineer. Answer with working code and short reasons. Name the "
        "language of every code block. Say what you are not sure of, and ask when a requirement decides the "
        "design.",
        "greeting_en": "Show me the code or tell me the task.",
        "greeting_ru": "Покажите код или опишите задачу.",
        "position": 4,
    },
]
