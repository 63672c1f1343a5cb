"""The process of the owner's panel."""

import aiohttp
import pytest
from pydantic import SecretStr

from tests.admin.conftest import log_in
from tests.web.processes import running
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port

COMMAND = ("-m", "vitte", "run", "admin")


async def test_it_serves_and_ends_when_told(settings: Settings) -> None:
    settings.admin.port = free_port()
    async with running(*COMMAND, settings=settings) as admin:
        await admin.logged("admin_ready", port=settings.admin.port, process="admin")
        async with aiohttp.ClientSession(f"http://127.0.0.1:{settings.admin.port}") as client:
            async with client.get("/admin/health/ready") as answer:
                assert answer.status == 200
            async with client.get("/") as answer:
                assert answer.url.path == "/admin/login"
        assert await admin.stop() == 0


async def test_without_a_password_it_says_which_setting_is_missing(settings: Settings) -> None:
    settings.admin.password = SecretStr("")
    async with running(*COMMAND, settings=settings) as admin:
        assert await admin.ended() == 1
    assert "VITTE_ADMIN__PASSWORD" in str(admin.lines)


@pytest.mark.parametrize(("trusted", "seen"), [("127.0.0.0/8", "6.6.6.6"), ("10.0.0.1", "127.0.0.1")])
async def test_a_proxy_tells_who_comes_only_if_it_is_trusted(
    settings: Settings, trusted: str, seen: str
) -> None:
    settings.admin.port, settings.admin.trusted_proxies = free_port(), [trusted]
    async with running(*COMMAND, settings=settings) as admin:
        await admin.logged("admin_ready")
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{settings.admin.port}",
            headers={"X-Forwarded-For": "6.6.6.6"},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        ) as client:
            assert await log_in(client, password="wrong") == 400
        await admin.logged("login_failed", client=seen)
