"""What nginx lets in and what it says."""

import asyncio
import io
import json
import socket
import ssl

import aiohttp
import pytest

from tests.admin.conftest import csrf_token, log_in
from tests.compose.stack import SECRETS, Stack, until

pytestmark = pytest.mark.timeout(600)
WEBHOOK = "/api/v1/telegram/webhook"
SECURITY = ("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")


@pytest.mark.parametrize(
    "path",
    [
        "/metrics", "/docs", "/redoc", "/openapi.json", "/admin/health/ready", "/api/v1/health/ready",
        "/api/v1/health/db", "/admin/../metrics", "/anything",
    ],
)  # fmt: skip
async def test_what_is_meant_for_inside_is_closed(browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(path) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "not_found"


async def test_it_tells_that_the_product_is_there(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/health") as answer:
        assert (answer.status, (await answer.json())["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/health", "/admin/login", "/anything", "/", "/api/v1/anything"])
async def test_every_answer_has_each_security_header_once(browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(path, allow_redirects=False) as answer:
        for header in (*SECURITY, "Content-Security-Policy"):
            assert len(answer.headers.getall(header, [])) == 1, header
        assert "nginx/" not in answer.headers.get("Server", "")


async def test_plain_http_leads_to_https(stack: Stack) -> None:
    async with (
        aiohttp.ClientSession(stack.http) as client,
        client.get("/admin/?a=1", allow_redirects=False, headers={"Host": "vitte.test"}) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (301, "https://vitte.test/admin/?a=1")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_speaks_http_2_over_tls_and_presents_the_servers_name(
    stack: Stack, version: ssl.TLSVersion
) -> None:
    context = ssl.create_default_context(
        cadata=stack.execute("nginx", "cat", "/certificates/first-start/fullchain.pem")
    )
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", stack.https_port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname="vitte.test") as tls,
    ):
        assert (tls.version(), tls.selected_alpn_protocol()) == (
            version.name.replace("_", ".", 1).replace("_", "."),
            "h2",
        )


async def test_nobody_writes_to_the_inbox_without_telegrams_secret(browser: aiohttp.ClientSession) -> None:
    for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}):
        async with browser.post(WEBHOOK, json={"update_id": 1}, headers=headers) as answer:
            assert answer.status == 401
    async with browser.get(WEBHOOK) as answer:
        assert answer.status == 403


async def test_what_is_too_long_is_refused(browser: aiohttp.ClientSession) -> None:
    async with browser.post(WEBHOOK, data=io.BytesIO(b" " * (1024 * 1024 + 1))) as answer:
        assert answer.status == 413


async def test_the_owner_gets_in_with_a_password_of_any_characters(browser: aiohttp.ClientSession) -> None:
    assert await log_in(browser, password=SECRETS["admin_password"]) == 303
    async with browser.get("/admin/user/list", allow_redirects=False) as answer:
        assert answer.status == 200


async def test_nobody_can_lie_about_their_address(stack: Stack, browser: aiohttp.ClientSession) -> None:
    async with browser.get("/admin/login") as page:
        form = {"username": "admin", "password": "wrong", "csrftoken": csrf_token(await page.text())}
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    async with browser.post("/admin/login", data=form, headers=lies) as answer:
        assert answer.status < 500

    def failures() -> list[str]:
        lines = map(json.loads, filter(lambda line: line.startswith("{"), stack.logs("admin").splitlines()))
        return [line["client"] for line in lines if line["event"] == "login_failed"]

    until(lambda: bool(failures()), what="the failed login is logged")
    assert "6.6.6.6" not in failures()
    seen_by_nginx = [
        line["client"]
        for line in map(
            json.loads, filter(lambda line: line.startswith("{"), stack.logs("nginx").splitlines())
        )
        if line["path"] == "/admin/login" and line["method"] == "POST"
    ]
    assert failures()[-1] == seen_by_nginx[-1]


async def test_whoever_asks_too_much_is_slowed_down_for_a_moment(browser: aiohttp.ClientSession) -> None:
    async def ask() -> int:
        async with browser.get("/health") as answer:
            return answer.status

    statuses = await asyncio.gather(*(ask() for _ in range(300)))
    assert set(statuses) == {200, 429}
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while await ask() == 429:  # noqa: ASYNC110 - nginx tells nobody
            await asyncio.sleep(0.5)


async def test_a_page_says_that_the_panel_is_away(stack: Stack, browser: aiohttp.ClientSession) -> None:
    stack.compose("stop", "admin")
    async with browser.get("/admin/") as answer:
        assert (answer.status, answer.content_type) == (503, "text/html")
        assert "Back in a moment" in await answer.text()
        assert "Retry-After" in answer.headers
        for header in SECURITY:
            assert len(answer.headers.getall(header, [])) == 1, header
    stack.compose("start", "admin")
    stack.until_healthy(["admin"])
    async with asyncio.timeout(30):
        while True:
            async with browser.get("/admin/login") as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.5)
