"""Who gets into the panel."""

import aiohttp
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis

from tests.admin.conftest import PASSWORD, log_in
from tests.web.serving import browsing
from vitte.admin.app import create_app
from vitte.core.settings import Settings, SettingsError
from vitte.main.container import make_container

PAGES = (
    "/admin/",
    "/admin/user/list",
    "/admin/user/detail?pk=1",
    "/admin/inbox-update/list",
    "/admin/_api/user/lookup",
)


async def is_in(client: aiohttp.ClientSession) -> bool:
    async with client.get("/admin/user/list", allow_redirects=False) as answer:
        return answer.status == 200


async def test_a_visitor_is_sent_to_the_login_page(visitor: aiohttp.ClientSession) -> None:
    for path in PAGES:
        async with visitor.get(path, allow_redirects=False) as answer:
            assert answer.status == 303, path
            assert "/admin/login?next=" in answer.headers["Location"]


async def test_a_visitor_can_change_nothing(visitor: aiohttp.ClientSession) -> None:
    for path in ("/admin/_api/user/action?name=export", "/admin/logout", "/admin/user/create"):
        async with visitor.post(path, allow_redirects=False) as answer:
            assert answer.status in (303, 403)


async def test_health_needs_no_login(visitor: aiohttp.ClientSession) -> None:
    async with visitor.get("/admin/health") as answer:
        assert (await answer.json())["status"] == "ok"
    async with visitor.get("/admin/health/ready") as answer:
        assert (await answer.json())["checks"] == {"db": "ok", "redis": "ok"}


async def test_the_address_alone_leads_to_the_panel(visitor: aiohttp.ClientSession) -> None:
    async with visitor.get("/", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/admin/"


async def test_a_wrong_name_or_password_does_not_get_in(visitor: aiohttp.ClientSession, redis: Redis) -> None:
    for name, password in (
        ("admin", "wrong"),
        ("admin", ""),
        ("", PASSWORD),
        ("Admin", PASSWORD),
        ("admin", PASSWORD + " "),
        ("ё", "ё"),
    ):
        await redis.flushdb()
        assert await log_in(visitor, name, password) == 400, (name, password)
    assert not await is_in(visitor)


async def test_the_owner_gets_in_and_out(visitor: aiohttp.ClientSession) -> None:
    assert await log_in(visitor) == 303
    assert await is_in(visitor)
    cookies = {cookie.key: cookie for cookie in visitor.cookie_jar}
    session = cookies["vitte_admin"]
    assert (session["httponly"], session["samesite"], session["path"]) == (True, "lax", "/admin")
    async with visitor.post(
        "/admin/logout", headers={"X-CSRFToken": cookies["starlette_admin_csrftoken"].value}
    ):
        pass
    assert not await is_in(visitor)


async def test_a_login_from_another_site_is_refused(visitor: aiohttp.ClientSession) -> None:
    form = {"username": "admin", "password": PASSWORD}
    async with visitor.post("/admin/login", data=form, allow_redirects=False) as answer:
        assert answer.status == 403
    assert not await is_in(visitor)


async def test_a_made_up_session_is_none(visitor: aiohttp.ClientSession) -> None:
    visitor.cookie_jar.update_cookies({"vitte_admin": "eyJhZG1pbiI6IHRydWV9.awTGcQ.made-up"})
    assert not await is_in(visitor)


async def test_a_new_password_ends_every_session(owner: aiohttp.ClientSession, settings: Settings) -> None:
    cookie = next(cookie.value for cookie in owner.cookie_jar if cookie.key == "vitte_admin")
    settings.admin.password = SecretStr("a-new-password")
    app = await create_app(settings, make_container(settings, process="admin"))
    async with browsing(app) as client:
        client.cookie_jar.update_cookies({"vitte_admin": cookie})
        assert not await is_in(client)


async def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(
    visitor: aiohttp.ClientSession, redis: Redis
) -> None:
    assert [await log_in(visitor, password="wrong") for _ in range(6)] == [400] * 5 + [429]
    assert await log_in(visitor) == 429
    assert not await is_in(visitor)
    assert 0 < await redis.ttl("vitte:admin:login:127.0.0.1") <= 300
    await redis.delete("vitte:admin:login:127.0.0.1")
    assert await log_in(visitor) == 303


async def test_a_right_password_clears_the_count(visitor: aiohttp.ClientSession) -> None:
    for _ in range(3):
        assert [await log_in(visitor, password="wrong") for _ in range(4)] == [400] * 4
        assert await log_in(visitor) == 303
        visitor.cookie_jar.clear()


async def test_guessing_is_slowed_down_without_redis_too(settings: Settings) -> None:
    settings.redis.port = 9
    app = await create_app(settings, make_container(settings, process="admin"))
    async with browsing(app) as client:
        assert [await log_in(client, password="wrong") for _ in range(6)] == [400] * 5 + [429]


@pytest.mark.parametrize("missing", ["password", "secret_key"])
async def test_a_panel_that_anybody_could_enter_does_not_start(settings: Settings, missing: str) -> None:
    setattr(settings.admin, missing, SecretStr(""))
    container = make_container(settings, process="admin")
    with pytest.raises(SettingsError, match=f"VITTE_ADMIN__{missing.upper()}"):
        await create_app(settings, container)
    await container.close()


async def test_cookies_of_a_panel_behind_https_are_secure(settings: Settings) -> None:
    settings.admin.secure_cookies = True
    app = await create_app(settings, make_container(settings, process="admin"))
    async with browsing(app) as client:
        assert await log_in(client) == 303
        assert next(cookie for cookie in client.cookie_jar if cookie.key == "vitte_admin")["secure"]


async def test_pages_are_not_kept_and_not_framed(app: FastAPI) -> None:
    async with browsing(app) as client, client.get("/admin/login") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
