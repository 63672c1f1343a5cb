"""The owner decides what plans include, and sees what answers cost."""

import re
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest
from sqlalchemy import select

from tests.admin.conftest import csrf_token
from vitte.core.clock import utc_now
from vitte.db.engine import SessionFactory
from vitte.db.models import PlanLimits, UsageCall, UsageDay, User

GOOD = {
    "key": "pro",
    "name_en": " Pro ",
    "name_ru": "Про",
    "messages_per_day": "500",
    "tokens_per_month": "",
    "cost_per_day": "1,5",
    "position": "2",
}


async def page(client: aiohttp.ClientSession, path: str, *, language: str = "en") -> str:
    async with client.get(path, headers={"Accept-Language": language}) as answer:
        assert answer.status == 200, path
        return await answer.text()


async def submit(
    client: aiohttp.ClientSession, form: dict[str, str], path: str = "create", *, language: str = "en"
) -> tuple[int, str]:
    """Fill in the form of a plan, and return the status and the page that comes of it."""
    token = csrf_token(await page(client, f"/admin/plan/{path}"))
    headers = {"Accept-Language": language}
    async with client.post(
        f"/admin/plan/{path}", data=form | {"csrftoken": token}, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text()


async def plans(session_factory: SessionFactory) -> list[PlanLimits]:
    async with session_factory() as session:
        return list(await session.scalars(select(PlanLimits).order_by(PlanLimits.id)))


async def test_a_plan_is_made_and_changed_and_keeps_its_key(
    owner: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    assert (await submit(owner, GOOD))[0] == 303
    _, plan = await plans(session_factory)
    assert (plan.key, plan.name_en, plan.name_ru, plan.position) == ("pro", "Pro", "Про", 2)
    assert (plan.messages_per_day, plan.tokens_per_month, plan.cost_per_day) == (500, None, Decimal("1.5"))
    changed = GOOD | {
        "key": "other",
        "messages_per_day": "0",
        "tokens_per_month": "2000000",
        "cost_per_day": "",
    }
    assert (await submit(owner, changed, "edit?pk=2"))[0] == 303
    _, plan = await plans(session_factory)
    assert (plan.key, plan.messages_per_day, plan.tokens_per_month, plan.cost_per_day) == (
        "pro",
        0,
        2_000_000,
        None,
    )
    listed = await page(owner, "/admin/plan/list", language="ru")
    assert all(word in listed for word in ("Планы", "Сообщений в день", "Про"))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("messages_per_day", "1OO", "A number from 0 to"),
        ("messages_per_day", "-1", "A number from 0 to"),
        ("messages_per_day", "9" * 30, "A number from 0 to"),
        ("messages_per_day", "10.5", "A number from 0 to"),
        ("tokens_per_month", "many", "A number from 0 to"),
        ("cost_per_day", "NaN", "A number from 0 to"),
        ("cost_per_day", "1e30", "A number from 0 to"),
        ("cost_per_day", "0.00001", "No more than 4 digits"),
        ("position", "", "This field is required"),
        ("name_en", "   ", "This field is required"),
        ("name_en", "n" * 65, "No more than 64 characters"),
        ("name_ru", "a\x00b", "One line of text"),
        ("key", "Pro plan", "Small Latin letters"),
        ("key", "free", "There is one with this key"),
    ],
)
async def test_a_slip_of_the_pen_is_told_at_its_field_and_changes_nothing(
    owner: aiohttp.ClientSession, session_factory: SessionFactory, field: str, value: str, said: str
) -> None:
    status, text = await submit(owner, GOOD | {field: value})
    assert status == 422
    assert said in text
    # What was typed into the other fields is still there.
    assert field == "name_ru" or "Про" in text
    if field != "key":
        assert (await submit(owner, GOOD | {field: value}, "edit?pk=1"))[0] == 422
    (plan,) = await plans(session_factory)
    assert (plan.key, plan.name_en, plan.messages_per_day) == ("free", "Free", 100)


async def test_errors_are_told_in_the_owners_language(owner: aiohttp.ClientSession) -> None:
    _, text = await submit(owner, GOOD | {"messages_per_day": "сто"}, language="ru")
    assert "Число от 0 до" in text


async def test_nobody_changes_a_plan_by_a_link_or_without_logging_in(
    owner: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    assert (await submit(owner, GOOD))[0] == 303
    for path in ("create", "edit?pk=2"):
        for forged in ({}, {"csrftoken": "forged"}):
            form = GOOD | {"key": "evil", "messages_per_day": "9"} | forged
            async with owner.post(f"/admin/plan/{path}", data=form, allow_redirects=False) as answer:
                assert answer.status == 403
    token = csrf_token(await page(owner, "/admin/plan/edit?pk=2"))
    for path, status in (
        ("/admin/_api/plan/action?name=delete&pks=2", 400),
        ("/admin/_api/plan/row-action?name=delete&pk=2", 400),
    ):
        async with owner.post(path, data={}, headers={"X-CSRFToken": token}) as answer:
            assert answer.status == status, path
    async with owner.post("/admin/logout", headers={"X-CSRFToken": token}, allow_redirects=False):
        pass
    form = GOOD | {"key": "evil", "csrftoken": token}
    async with owner.post("/admin/plan/create", data=form, allow_redirects=False) as answer:
        assert answer.status in {302, 303}
        assert "login" in answer.headers["Location"]
    assert [plan.messages_per_day for plan in await plans(session_factory)] == [100, 500]


@pytest.fixture
async def spent(session_factory: SessionFactory) -> None:
    """A call of Anna's that is settled, and one of Ben's that is going on."""
    now = utc_now()
    async with session_factory() as session:
        people = [User(telegram_id=1001, first_name="Анна"), User(telegram_id=1002, first_name="Ben")]
        session.add_all(people)
        await session.flush()
        for number, person in enumerate(people):
            session.add(
                UsageCall(
                    user_id=person.id,
                    day=now.date(),
                    kind="chat",
                    model=f"model-{number}",
                    state=("settled", "reserved")[number],
                    reserved_tokens=4321,
                    reserved_cost=9000,
                    cost=None if number else 123,
                    expires_at=now + timedelta(hours=1),
                )
            )
            session.add(
                UsageDay(user_id=person.id, day=now.date() - timedelta(number), messages=3, cost=1234567)
            )
        await session.commit()


@pytest.mark.usefixtures("spent")
async def test_calls_and_days_name_their_person_and_their_dollars(owner: aiohttp.ClientSession) -> None:
    calls = await page(owner, "/admin/usage-call/list")
    assert all(word in calls for word in ("Анна", "Ben", "model-0", "model-1", "0.000123", "going on"))
    for rule in ("q=Ben", "q=model-1", "filter=state__eq%3Dreserved"):
        found = await page(owner, f"/admin/usage-call/list?{rule}")
        assert "model-1" in found, rule
        assert "model-0" not in found, rule
    assert "0.009000" in await page(owner, "/admin/usage-call/detail?pk=2")
    days = await page(owner, "/admin/usage-day/list", language="ru")
    assert all(word in days for word in ("Расход по дням", "Анна", "Ben", "1.234567"))
    # The newest day first.
    assert days.index("Анна") < days.index("Ben")
    assert "Анна" not in await page(owner, "/admin/usage-day/list?q=ben")


@pytest.mark.usefixtures("spent")
async def test_what_was_spent_cannot_be_made_changed_or_deleted(owner: aiohttp.ClientSession) -> None:
    token = csrf_token(await page(owner, "/admin/user/list"))
    day = utc_now().date()
    for key, pk in (("usage-call", "1"), ("usage-day", f"1,{day}")):
        for path, status in (
            (f"/admin/{key}/create", 403),
            (f"/admin/{key}/edit?pk={pk}", 403),
            (f"/admin/_api/{key}/action?name=delete&pks={pk}", 400),
        ):
            async with owner.post(path, data={"id": "9"}, headers={"X-CSRFToken": token}) as answer:
                assert answer.status == status, path
    async with owner.get(f"/admin/usage-day/detail?pk=1,{day}") as answer:
        assert answer.status in {403, 404}
    export = {"format": "csv", "scope": "page"}
    async with owner.post(
        "/admin/_api/usage-day/action?name=export", data=export, headers={"X-CSRFToken": token}
    ) as answer:
        assert re.search(rf"^{day},Анна,3,0,1.234567,", await answer.text(), re.MULTILINE)
