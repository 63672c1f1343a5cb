"""What watches the product in its containers, from the first measurement to the owner's phone."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.compose.stack import OURS, SECRETS, Stack, until
from vitte.sandbox.client import SandboxClient

pytestmark = pytest.mark.timeout(600)
JOBS = {*OURS, "postgres", "redis", "prometheus", "alertmanager"}


def ask_prometheus(stack: Stack, path: str) -> Any:
    """Ask the API of Prometheus from inside: nobody else gets there."""
    said = stack.execute("prometheus", "wget", "-q", "-O", "-", f"http://127.0.0.1:9090/api/v1/{path}")
    return json.loads(said)["data"]


def values(stack: Stack, query: str) -> dict[str, float]:
    """Return what a query gives, by job."""
    found = ask_prometheus(stack, f"query?query={quote(query)}")["result"]
    return {series["metric"].get("job", ""): float(series["value"][1]) for series in found}


def test_prometheus_sees_every_process_and_every_server(stack: Stack) -> None:
    def seen() -> dict[str, str]:
        targets = ask_prometheus(stack, "targets?state=active")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    until(lambda: seen() == dict.fromkeys(JOBS, "up"), what="all targets are up")
    assert [found["url"] for found in ask_prometheus(stack, "alertmanagers")["activeAlertmanagers"]] == [
        "http://alertmanager:9093/api/v2/alerts"
    ]


def test_the_exporters_get_in_with_passwords_of_any_characters(stack: Stack) -> None:
    until(lambda: values(stack, "pg_up").get("postgres") == 1, what="PostgreSQL is measured")
    until(lambda: values(stack, "redis_up").get("redis") == 1, what="Redis is measured")


def test_the_end_of_the_certificate_is_known(stack: Stack) -> None:
    days = "(vitte_certificate_expires_timestamp_seconds - time()) / 86400"
    until(lambda: "beat" in values(stack, days), what="the certificate is seen")
    # The one of the first start.
    assert 3640 < values(stack, days)["beat"] < 3651


def test_what_each_container_uses_of_its_memory_is_measured(stack: Stack) -> None:
    if "memory.max" not in stack.execute("bot", "ls", "/sys/fs/cgroup"):
        pytest.skip("this machine has the old control groups, which do not tell a container its limits")
    shares = values(stack, "vitte_memory_used_bytes / vitte_memory_limit_bytes")
    assert set(shares) == set(OURS)
    assert all(0 < share < 0.9 for share in shares.values()), shares


async def test_grafana_is_behind_the_same_door(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/grafana/", allow_redirects=False) as answer:
        assert answer.status < 500
        assert "not_found" not in await answer.text()
        assert len(answer.headers.getall("Strict-Transport-Security")) == 1


async def test_the_owner_is_told_in_telegram_what_went_wrong(stack: Stack, telegram: SandboxClient) -> None:
    owner = await telegram.person("Olga")
    await owner.ask("/start")
    # As docs/operations.md has it.
    await asyncio.to_thread(
        stack.compose,
        "up",
        "--detach",
        "--wait",
        "--no-deps",
        "alertmanager",
        VITTE_ALERTS__CHAT_ID=str(owner.id),
    )
    # An update that nobody can read: it is given up at once.
    unreadable = {"update_id": 2_000_000_000, "message": "nonsense"}
    secret = {"X-Telegram-Bot-Api-Secret-Token": SECRETS["telegram_webhook_secret"]}
    async with (
        aiohttp.ClientSession() as client,
        client.post(
            f"{stack.https}/api/v1/telegram/webhook", json=unreadable, headers=secret, ssl=False
        ) as answer,
    ):
        assert answer.status == 200
    message = await owner.wait_for_message("Updates were given up", timeout=180)
    assert "docs/operations.md: UpdatesDead" in message["text"]
