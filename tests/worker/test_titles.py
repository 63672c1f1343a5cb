"""A dialog's title, from the first answer to its name."""

from dishka import AsyncContainer
from sqlalchemy import select

from tests.replies import SomeReply
from tests.web.processes import RunningProcess
from tests.worker.conftest import WaitFor
from vitte.assistant.schemas import Question
from vitte.assistant.service import AssistantService
from vitte.core.ids import bind_correlation_id
from vitte.core.job_names import TITLE_DIALOG
from vitte.db.engine import SessionFactory
from vitte.db.models import Dialog, Job
from vitte.sandbox.llm import Script
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService


async def test_the_first_answer_of_a_dialog_leads_to_its_title(
    model: Script,
    container: AsyncContainer,
    worker: RunningProcess,
    session_factory: SessionFactory,
    until_jobs_are: WaitFor,
) -> None:
    bind_correlation_id("update-7")
    async with container() as request:
        users = await request.get(UserService)
        person = await users.meet(TelegramProfile(telegram_id=1001, first_name="Анна"))
    for number in (1, 2):
        async with container() as request:
            assistant = await request.get(AssistantService)
            await assistant.answer(
                person, Question(text="hello there", telegram_message_id=number), SomeReply()
            )
    await worker.logged("job_finished", job=TITLE_DIALOG, correlation_id="update-7")
    # The other one is to learn from what was said, in ten minutes.
    await until_jobs_are(done=1, open=1)
    async with session_factory() as session:
        dialog = (await session.scalars(select(Dialog))).one()
        job = (await session.scalars(select(Job).where(Job.name == TITLE_DIALOG))).one()
    assert dialog.title
    assert (job.name, job.args, job.correlation_id) == (TITLE_DIALOG, {"dialog_id": dialog.id}, "update-7")
