"""Learning what is worth keeping of people."""

from dishka import FromDishka

from vitte.core.job_names import LEARN_FACTS
from vitte.memory.learning import LearningService
from vitte.worker.jobs import job


@job(LEARN_FACTS, waits=True)
async def learn_facts(user_id: int, learning: FromDishka[LearningService]) -> None:
    """Look at what a person has said since the last time."""
    await learning.learn(user_id)
