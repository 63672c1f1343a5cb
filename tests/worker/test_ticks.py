"""What the clock asks for."""

from datetime import timedelta

from sqlalchemy import func, select

from tests.web.processes import RunningProcess
from tests.worker.conftest import SendTick
from vitte.core.clock import utc_now
from vitte.core.job_names import CLEAN_UP_OLD_MESSAGES, PURGE_FINISHED
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Dialog, InboxUpdate, Job, Message, User


async def test_what_is_past_its_time_is_deleted_and_the_rest_kept(
    worker: RunningProcess, send_tick: SendTick, session_factory: SessionFactory, worker_settings: Settings
) -> None:
    old = utc_now() - timedelta(days=worker_settings.worker.message_retention_days, minutes=1)
    async with session_factory() as session:
        person = User(telegram_id=1001, first_name="Анна")
        session.add(person)
        await session.flush()
        dialog = Dialog(user_id=person.id, title="О погоде")
        session.add(dialog)
        await session.flush()
        for created_at in (old, old, old + timedelta(hours=1), utc_now()):
            session.add(Message(dialog_id=dialog.id, role="assistant", text="…", created_at=created_at))
        for number, (state, hours) in enumerate((("done", 47), ("done", 49), ("dead", 49), ("dead", 721))):
            finished_at = utc_now() - timedelta(hours=hours)
            session.add(Job(name="tests.any", args={}, queue="default", state=state, finished_at=finished_at))
            session.add(
                InboxUpdate(bot_id=42, update_id=number, order_key=1, state=state, finished_at=finished_at)
            )
        await session.commit()
    send_tick(CLEAN_UP_OLD_MESSAGES)
    assert (await worker.logged("old_messages_deleted"))["count"] == 2
    send_tick(PURGE_FINISHED)
    purged = await worker.logged("finished_work_purged")
    assert (purged["updates"], purged["jobs"]) == (2, 2)
    async with session_factory() as session:
        left = (await session.scalars(select(Message.created_at))).all()
        assert len(left) == 2
        assert min(left) > old
        for model in (Job, InboxUpdate):
            states = await session.execute(
                select(model.state, func.count(model.id)).group_by(model.state).order_by(model.state)
            )
            assert [tuple(row) for row in states] == [("dead", 1), ("done", 1)]
