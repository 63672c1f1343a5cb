"""Old messages go."""

from datetime import timedelta

from dishka import AsyncContainer
from sqlalchemy import select, update

from vitte.core.clock import utc_now
from vitte.db.models import Dialog, Message, User
from vitte.db.transaction import Transaction
from vitte.dialogs.service import DialogService


async def test_messages_past_their_time_are_deleted_and_no_others(
    container: AsyncContainer, transaction: Transaction
) -> None:
    async with transaction:
        user = User(telegram_id=1001, first_name="A")
        transaction.session.add(user)
        await transaction.session.flush()
        dialog = Dialog(user_id=user.id)
        transaction.session.add(dialog)
        await transaction.session.flush()
        for number in range(25):
            transaction.session.add(Message(dialog_id=dialog.id, role="user", text=str(number)))
        await transaction.session.flush()
        old = update(Message).where(Message.text != "7")
        await transaction.session.execute(old.values(created_at=utc_now() - timedelta(days=366)))
    async with container() as request:
        dialogs = await request.get(DialogService)
        cutoff = utc_now() - timedelta(days=365)
        assert await dialogs.delete_messages_older_than(cutoff, batch=10) == 24
        assert await dialogs.delete_messages_older_than(cutoff, batch=10) == 0
    async with transaction:
        assert (await transaction.session.scalars(select(Message.text))).all() == ["7"]
