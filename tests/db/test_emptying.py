"""What one test leaves, the next does not find."""

import pytest
from sqlalchemy import func, select, text

from tests.emptying import Emptying
from vitte.db.models import Persona, User
from vitte.db.transaction import Transaction


@pytest.mark.parametrize("rows", [3, 1500])
async def test_nothing_of_a_test_is_left_and_what_the_migrations_put_there_is_back(
    emptying: Emptying, transaction: Transaction, rows: int
) -> None:
    people = text(
        "WITH people AS (INSERT INTO users (telegram_id, first_name) SELECT one, 'A' "
        "FROM generate_series(1, :rows) AS one RETURNING id) "
        "INSERT INTO settings (user_id) SELECT id FROM people"
    )
    async with transaction:
        personas = (await transaction.session.scalars(select(Persona.key).order_by(Persona.id))).all()
        await transaction.session.execute(people, {"rows": rows})
        await transaction.session.execute(text("DELETE FROM personas WHERE id > 1"))
        await transaction.session.execute(text("UPDATE personas SET key = 'changed'"))
    await emptying.empty()
    async with transaction:
        assert await transaction.session.scalar(select(func.count()).select_from(User)) == 0
        assert (await transaction.session.scalars(select(Persona.key).order_by(Persona.id))).all() == personas
        again = text("INSERT INTO users (telegram_id, first_name) VALUES (1, 'A') RETURNING id")
        assert await transaction.session.scalar(again) == 1
        next_persona = text("SELECT nextval(pg_get_serial_sequence('personas', 'id'))")
        assert await transaction.session.scalar(next_persona) > len(personas)
