"""The process of the owner's panel."""

import aiohttp
from pydantic import SecretStr

from tests.web.ports import free_port
from tests.web.processes import running
from vitte.core.settings import Settings

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
        assert await admin.stop(within=5) == 0


async def test_without_a_password_it_says_which_setting_is_missing(settings: Settings) -> None:
    settings.admin.password = SecretStr("")
    async with running(*COMMAND, settings=settings) as admin:
        assert await admin.ended() == 1
    assert "VITTE_ADMIN__PASSWORD" in str(admin.lines)
