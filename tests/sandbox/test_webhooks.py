"""Webhooks: where updates go, with what secret, how often, and what the answer's body does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.patience import PATIENCE
from tests.sandbox.waiting import polling, until
from vitte.core.nursery import Nursery
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox, running_sandbox
from vitte.sandbox.webhooks import SECRET_HEADER


@dataclass
class Receiver:
    """A bot's web server: notes what arrives and answers what the test put into `answers`, then 200."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    requests: list[tuple[dict[str, Any], str | None]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request: web.Request) -> web.Response:
        async with self.arrived:
            self.requests.append((await request.json(), request.headers.get(SECRET_HEADER)))
            self.arrived.notify_all()
        await self.gate.wait()
        return self.answers.pop(0) if self.answers else web.Response()

    async def wait(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(PATIENCE), self.arrived:
            await self.arrived.wait_for(lambda: len(self.requests) >= count)
        return [update for update, _ in self.requests]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.gate.set()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    receiver.gate.set()
    await runner.cleanup()


@pytest.fixture
async def quick() -> AsyncIterator[RunningSandbox]:
    """A sandbox that does not wait long before it delivers again."""
    async with running_sandbox(limits=NO_LIMITS, webhook_retry_delay=0.02) as running:
        yield running


async def settled(sandbox: RunningSandbox) -> None:
    """Wait until nothing is left to deliver."""
    await until(lambda: not len(sandbox.world.queue(42)))


async def test_updates_arrive_with_the_secret_and_are_confirmed(
    quick: RunningSandbox, receiver: Receiver
) -> None:
    await quick.result("setWebhook", url=receiver.url, secret_token="s3cret_-", max_connections=7)
    anna = await quick.person()
    await anna.send("hi")
    [update] = await receiver.wait(1)
    assert update["message"]["text"] == "hi"
    assert receiver.requests[0][1] == "s3cret_-"
    await settled(quick)
    info = await quick.result("getWebhookInfo")
    assert info == {
        "url": receiver.url,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": 7,
        "ip_address": "127.0.0.1",
    }
    lines = await quick.calls(kind="delivery")
    assert [(line["how"], line["confirmed"] is not None) for line in lines] == [
        ("webhook", False),
        ("webhook", True),
    ]


async def test_updates_that_waited_are_delivered_when_the_webhook_is_set(
    quick: RunningSandbox, receiver: Receiver
) -> None:
    anna = await quick.person()
    await anna.send("early")
    await quick.result("setWebhook", url=receiver.url)
    [update] = await receiver.wait(1)
    assert update["message"]["text"] == "early"


async def test_pending_updates_can_be_dropped(quick: RunningSandbox, receiver: Receiver) -> None:
    anna = await quick.person()
    await anna.send("early")
    await quick.result("setWebhook", url=receiver.url, drop_pending_updates=True)
    await anna.send("late")
    [update] = await receiver.wait(1)
    assert update["message"]["text"] == "late"


async def test_refused_update_comes_again_until_the_bot_answers_2xx(
    quick: RunningSandbox, receiver: Receiver
) -> None:
    receiver.answers = [web.Response(status=500), web.Response(status=302), web.Response(status=404)]
    await quick.result("setWebhook", url=receiver.url)
    anna = await quick.person()
    await anna.send("a")
    await anna.send("b")
    arrived = await receiver.wait(5)
    assert [update["message"]["text"] for update in arrived] == ["a", "a", "a", "a", "b"]
    await settled(quick)
    info = await quick.result("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 404 Not Found"
    assert info["last_error_date"] > 0


async def test_retry_after_of_the_bot_is_respected(quick: RunningSandbox, receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=503, headers={"Retry-After": "1"})]
    await quick.result("setWebhook", url=receiver.url)
    anna = await quick.person()
    await anna.send("a")
    await receiver.wait(1)
    started = asyncio.get_running_loop().time()
    await receiver.wait(2)
    assert asyncio.get_running_loop().time() - started > 0.9


async def test_closed_port_is_told_as_the_last_error_and_counted_as_pending(
    quick: RunningSandbox,
) -> None:
    await quick.result("setWebhook", url="http://127.0.0.1:1/hook")
    anna = await quick.person()
    await anna.send("a")
    webhook = quick.world.bot(42).webhook
    assert webhook is not None
    await until(lambda: webhook.last_error_message is not None)
    info = await quick.result("getWebhookInfo")
    assert info["last_error_message"] == "Connection refused"
    assert info["pending_update_count"] == 1


async def test_one_stuck_chat_does_not_hold_up_another(quick: RunningSandbox, receiver: Receiver) -> None:
    receiver.gate.clear()
    await quick.result("setWebhook", url=receiver.url)
    anna, boris = await quick.person("Anna"), await quick.person("Boris")
    await anna.send("a1")
    await anna.send("a2")
    await boris.send("b1")
    arrived = await receiver.wait(2)
    assert sorted(update["message"]["text"] for update in arrived) == ["a1", "b1"]
    receiver.gate.set()
    assert [update["message"]["text"] for update in await receiver.wait(3)][-1] == "a2"


async def test_no_more_connections_than_asked_for_are_used(quick: RunningSandbox, receiver: Receiver) -> None:
    receiver.gate.clear()
    await quick.result("setWebhook", url=receiver.url, max_connections=1)
    anna, boris = await quick.person("Anna"), await quick.person("Boris")
    await anna.send("a")
    await receiver.wait(1)
    await boris.send("b")
    assert len(receiver.requests) == 1
    receiver.gate.set()
    await receiver.wait(2)


async def test_json_answer_with_a_method_is_executed(quick: RunningSandbox, receiver: Receiver) -> None:
    anna = await quick.person()
    body = {"method": "sendMessage", "chat_id": anna.id, "text": "from the answer"}
    receiver.answers = [web.json_response(body)]
    await quick.result("setWebhook", url=receiver.url)
    await anna.send("hi")
    assert (await anna.wait_for_message())["text"] == "from the answer"
    [line] = await quick.calls(method="sendMessage")
    assert line["via"] == "webhook"


@pytest.mark.parametrize("method", ["deleteWebhook", "getMe", "logOut"])
async def test_answer_cannot_execute_what_telegram_does_not(
    quick: RunningSandbox, receiver: Receiver, method: str
) -> None:
    receiver.answers = [web.json_response({"method": method})]
    await quick.result("setWebhook", url=receiver.url)
    anna = await quick.person()
    await anna.send("hi")
    await receiver.wait(1)
    await settled(quick)
    assert await quick.calls(method=method) == []


async def test_polling_is_a_conflict_while_a_webhook_is_set(
    quick: RunningSandbox, receiver: Receiver
) -> None:
    await quick.result("setWebhook", url=receiver.url)
    answer = await quick.call("getUpdates")
    assert (answer["error_code"], answer["description"]) == (
        409,
        (
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first"
        ),
    )
    await quick.result("deleteWebhook")
    assert await quick.result("getUpdates") == []
    assert await quick.result("getWebhookInfo") == {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": 0,
    }


async def test_setting_a_webhook_terminates_a_waiting_poll(
    quick: RunningSandbox, receiver: Receiver, nursery: Nursery
) -> None:
    await quick.result("getMe")
    poll = nursery.start(quick.call("getUpdates", timeout=30), name="poll")
    await polling(quick)
    await quick.result("setWebhook", url=receiver.url)
    assert (await poll)["description"] == "Conflict: terminated by setWebhook request"


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"url": "http://example.com/x"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://example.com:9999/x"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "ftp://example.com"}, "invalid webhook URL specified"),
        ({"secret_token": "пароль"}, "secret token contains unallowed characters"),
        ({"secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"secret_token": "x" * 257}, "secret token is too long"),
    ],
)
async def test_wrong_webhook_is_refused_in_telegrams_words(
    sandbox: RunningSandbox, params: dict[str, str], reason: str
) -> None:
    answer = await sandbox.call("setWebhook", **{"url": "https://example.com/x", **params})
    assert answer["description"] == f"Bad Request: {reason}"


async def test_plain_http_on_this_machine_can_be_refused_as_telegram_does() -> None:
    async with running_sandbox(http_webhooks_allowed=False) as sandbox:
        answer = await sandbox.call("setWebhook", url="http://127.0.0.1:8000/x")
    assert answer["description"] == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"


async def test_form_answer_with_a_method_is_executed(quick: RunningSandbox, receiver: Receiver) -> None:
    anna = await quick.person()
    form = aiohttp.FormData({"method": "sendMessage", "chat_id": str(anna.id), "text": "form"})()
    answer = web.Response(body=b"method=sendMessage&text=form&chat_id=" + str(anna.id).encode())
    answer.content_type = form.content_type
    receiver.answers = [answer]
    await quick.result("setWebhook", url=receiver.url)
    await anna.send("hi")
    assert (await anna.wait_for_message())["text"] == "form"
