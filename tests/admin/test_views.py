"""What the owner sees."""

import re
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import pytest
from sqlalchemy import func, select, update

from tests.admin.conftest import csrf_token, log_in
from tests.web.serving import browsing
from vitte.admin.app import create_app
from vitte.core.clock import utc_now
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Dialog, InboxUpdate, Memory, Message, Subscription, UpdateState, User
from vitte.db.transaction import Transaction
from vitte.main.container import make_container

SECRET_WORDS = "what nobody else may read"


@pytest.fixture(autouse=True)
async def people(session_factory: SessionFactory) -> None:
    """Anna with a dialog and a plan, =Bob, and three updates."""
    async with session_factory() as session:
        anna = User(telegram_id=1001, first_name="Анна", last_name="К.", username="anna", language_code="ru")
        bob = User(
            telegram_id=1002, first_name="=Bob", language_code="en", created_at=utc_now() - timedelta(9)
        )
        session.add_all([anna, bob])
        await session.flush()
        dialog = Dialog(user_id=anna.id, title="О погоде 100%")
        session.add_all([dialog, Subscription(user_id=anna.id, plan="free", status="active")])
        await session.flush()
        session.add(Message(dialog_id=dialog.id, role="user", text=SECRET_WORDS, telegram_message_id=1))
        for number, state in enumerate((UpdateState.OPEN, UpdateState.DEAD, UpdateState.DONE)):
            error = "KeyError: 'chat'" if state == UpdateState.DEAD else None
            session.add(
                InboxUpdate(
                    bot_id=42,
                    update_id=number,
                    order_key=1001,
                    payload=SECRET_WORDS,
                    state=state,
                    error=error,
                )
            )
        await session.commit()


async def page(client: aiohttp.ClientSession, path: str, *, status: int = 200) -> str:
    async with client.get(path, headers={"Accept-Language": "en"}) as answer:
        assert answer.status == status
        return await answer.text()


async def found(client: aiohttp.ClientSession, path: str) -> int:
    total = re.search(r"Showing \d+ to \d+ of (\d+) entries", await page(client, path))
    return int(total[1]) if total else 0


async def test_people_are_listed_with_their_details(owner: aiohttp.ClientSession) -> None:
    text = await page(owner, "/admin/user/list")
    assert all(value in text for value in ("Анна", "=Bob", "1001", "anna"))
    text = await page(owner, "/admin/user/detail?pk=1")
    assert "Анна" in text
    assert "=Bob" not in text


async def test_people_are_found_by_name_user_name_and_id(owner: aiohttp.ClientSession) -> None:
    counts = {"анн": 1, "@anna": 1, "1002": 1, "o": 1, "100": 0, "%": 0, "nobody": 0}
    for term, count in counts.items():
        assert await found(owner, f"/admin/user/list?q={quote(term)}") == count, term


async def test_people_are_filtered_by_language_and_date(owner: aiohttp.ClientSession) -> None:
    now = utc_now()
    yesterday, tomorrow = ((now + timedelta(days)).strftime("%Y-%m-%dT%H:%M") for days in (-1, 1))
    counts = {
        "language_code__eq=ru": 1,
        "language_code__eq=fr": 0,
        f"created_at__after={yesterday}": 1,
        f"created_at__before={yesterday} AND language_code__eq=en": 1,
        f"created_at__between={yesterday}..{tomorrow}": 1,
        "username__is_null": 1,
    }
    for rule, count in counts.items():
        assert await found(owner, f"/admin/user/list?filter={quote(rule)}") == count, rule


async def test_times_in_filters_are_those_of_the_browser(owner: aiohttp.ClientSession) -> None:
    in_an_hour_in_utc = (utc_now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    path = f"/admin/user/list?filter={quote(f'created_at__before={in_an_hour_in_utc}')}"
    for zone, count in (("UTC", 2), ("Europe/Moscow", 1), ("America/New_York", 2)):
        owner.cookie_jar.update_cookies({"timezone": zone})
        assert await found(owner, path) == count, zone


async def test_people_are_sorted_by_a_column(owner: aiohttp.ClientSession) -> None:
    text = await page(owner, "/admin/user/list?sort=language_code__asc")
    assert text.index("=Bob") < text.index("Анна")
    text = await page(owner, "/admin/user/list?sort=language_code__desc")
    assert text.index("=Bob") > text.index("Анна")


async def test_who_was_here_last_comes_first_and_who_never_was_comes_last(
    owner: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    async with session_factory() as session:
        session.add(User(telegram_id=1003, first_name="Old Carl", last_seen_at=utc_now() - timedelta(400)))
        await session.execute(update(User).values(last_seen_at=utc_now()).where(User.telegram_id == 1001))
        await session.commit()
    for order, names in (("desc", ["Анна", "Old Carl", "=Bob"]), ("asc", ["=Bob", "Old Carl", "Анна"])):
        text = await page(owner, f"/admin/user/list?sort=last_seen_at__{order}")
        assert "Last seen" in text
        assert sorted(names, key=text.index) == names
    yesterday = (utc_now() - timedelta(1)).strftime("%Y-%m-%dT%H:%M")
    assert await found(owner, f"/admin/user/list?filter={quote(f'last_seen_at__after={yesterday}')}") == 1


async def test_dialogs_and_subscriptions_name_their_person(owner: aiohttp.ClientSession) -> None:
    for key in ("dialog", "subscription"):
        for path in (f"/admin/{key}/list", f"/admin/{key}/detail?pk=1", f"/admin/{key}/list?q=anna"):
            text = await page(owner, path)
            assert "Анна К." in text
            assert "/admin/user/detail?pk=1" in text
    assert await found(owner, f"/admin/dialog/list?q={quote('100%')}") == 1
    assert await found(owner, f"/admin/dialog/list?q={quote('погод%100')}") == 0


async def test_a_subscription_of_a_plan_that_the_owner_made_is_shown(
    owner: aiohttp.ClientSession, transaction: Transaction
) -> None:
    async with transaction:
        await transaction.session.execute(update(Subscription).values(plan="our-own"))
    for path in ("/admin/subscription/list", "/admin/subscription/detail?pk=1"):
        assert "our-own" in await page(owner, path)


async def test_given_up_updates_are_found_with_their_error(owner: aiohttp.ClientSession) -> None:
    text = await page(owner, "/admin/inbox-update/list?q=KeyError")
    assert "KeyError" in text
    assert "given up" in text
    assert await found(owner, "/admin/inbox-update/list") == 3


async def test_what_people_wrote_is_on_no_page(owner: aiohttp.ClientSession) -> None:
    for path in (
        "/admin/",
        "/admin/inbox-update/list",
        "/admin/inbox-update/detail?pk=1",
        "/admin/dialog/detail?pk=1",
    ):
        assert SECRET_WORDS not in await page(owner, path)


async def test_how_much_is_remembered_of_a_person_is_told_and_not_what(
    owner: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    async with session_factory() as session:
        session.add_all(Memory(user_id=1, text=SECRET_WORDS) for _ in range(37))
        await session.commit()
    assert SECRET_WORDS not in await page(owner, "/admin/user/list")
    text = await page(owner, "/admin/user/detail?pk=1")
    assert re.search(r"Facts remembered.*?\b37\b", text, re.DOTALL)
    assert SECRET_WORDS not in text


async def test_the_first_page_tells_how_things_stand(owner: aiohttp.ClientSession) -> None:
    text = await page(owner, "/admin/")
    numbers = dict(re.findall(r"subheader[^>]*>\s*([^<]+?)\s*<.*?h1[^>]*>\s*(\d+)\s*<", text, re.DOTALL))
    assert numbers == {"People": "2", "New today": "1", "Questions today": "1", "Updates waiting": "1"}


async def test_nothing_can_be_made_changed_or_deleted(
    owner: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    token = csrf_token(await page(owner, "/admin/user/create", status=403))
    for key in ("user", "subscription", "dialog", "inbox-update"):
        for path, status in (
            (f"/admin/{key}/create", 403),
            (f"/admin/{key}/edit?pk=1", 403),
            (f"/admin/_api/{key}/action?name=delete&pks=1", 400),
            (f"/admin/_api/{key}/row-action?name=delete&pk=1", 400),
        ):
            async with owner.post(path, data={"id": "9"}, headers={"X-CSRFToken": token}) as answer:
                assert answer.status == status, path
    async with session_factory() as session:
        for model, count in ((User, 2), (Subscription, 1), (Dialog, 1), (InboxUpdate, 3)):
            assert await session.scalar(select(func.count()).select_from(model)) == count


async def test_an_export_holds_no_formulas(owner: aiohttp.ClientSession) -> None:
    token = csrf_token(await page(owner, "/admin/user/list"))
    form = {"format": "csv", "scope": "page"}
    headers = {"X-CSRFToken": token, "Accept-Language": "en"}
    async with owner.post("/admin/_api/user/action?name=export", data=form, headers=headers) as answer:
        assert answer.content_type == "text/csv"
        lines = (await answer.text()).splitlines()
    assert lines[0].startswith("ID,Telegram ID,First name")
    assert lines[1].startswith("2,1002,'=Bob,")
    async with owner.post("/admin/_api/dialog/action?name=export", data=form, headers=headers) as answer:
        assert "О погоде 100%,Анна К.,True" in await answer.text()


async def test_odd_addresses_get_a_page_that_says_so(owner: aiohttp.ClientSession) -> None:
    statuses = {
        "/admin/user/detail?pk=abc": 404,
        "/admin/user/detail?pk=77": 404,
        "/admin/user/detail?pk=99999999999999999999": 400,
        "/admin/nothing/list": 404,
        "/admin/user/list?page=99999999999999999999": 400,
        "/admin/user/list?q=%00": 400,
        "/admin/user/list?filter=%5B%5B": 400,
    }
    for path, status in statuses.items():
        assert "</html>" in await page(owner, path, status=status), path


async def test_without_the_database_a_page_says_so(settings: Settings) -> None:
    settings.database.port = 9
    app = await create_app(settings, make_container(settings, process="admin"))
    async with browsing(app) as client:
        assert await log_in(client) == 303
        assert "The database does not answer" in await page(client, "/admin/user/list", status=503)
