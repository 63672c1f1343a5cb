"""What the owner sees of background work."""

import aiohttp

from tests.admin.conftest import csrf_token
from vitte.db.engine import SessionFactory
from vitte.db.models import Job, JobState


async def page(client: aiohttp.ClientSession, path: str, *, language: str = "en") -> str:
    async with client.get(path, headers={"Accept-Language": language}) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_given_up_jobs_are_found_with_their_reason(
    owner: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    async with session_factory() as session:
        for number, state in enumerate(JobState):
            session.add(
                Job(
                    name=f"tests.job_{state}",
                    args={"dialog_id": 7700 + number},
                    queue="default",
                    state=state,
                    attempts=number,
                    error="KeyError: 'dialog'" if state == JobState.DEAD else None,
                    correlation_id="update-42",
                )
            )
        await session.commit()
    text = await page(owner, "/admin/job/list")
    assert all(f"tests.job_{state}" in text for state in JobState)
    assert "7702" not in text
    for rule in ("q=KeyError", "q=job_dead", "q=3", "filter=state__eq%3Ddead"):
        text = await page(owner, f"/admin/job/list?{rule}")
        assert "tests.job_dead" in text, rule
        assert "tests.job_open" not in text, rule
        assert "given up" in text
    text = await page(owner, "/admin/job/detail?pk=3")
    assert all(word in text for word in ("KeyError", "7702", "update-42"))
    text = await page(owner, "/admin/job/list", language="ru")
    assert "Задания" in text
    assert "Время запуска" in text


async def test_jobs_cannot_be_made_changed_or_deleted(owner: aiohttp.ClientSession) -> None:
    token = csrf_token(await page(owner, "/admin/user/list"))
    for path, status in (
        ("/admin/job/create", 403),
        ("/admin/job/edit?pk=1", 403),
        ("/admin/_api/job/action?name=delete&pks=1", 400),
    ):
        async with owner.post(path, data={"id": "9"}, headers={"X-CSRFToken": token}) as answer:
            assert answer.status == status, path
