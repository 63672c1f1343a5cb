"""People who chat with the product in its containers, whatever is done to those."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.compose.stack import SERVICES, WATCHING, Stack
from vitte.core.nursery import Nursery
from vitte.sandbox.client import SandboxClient, SandboxPerson

pytestmark = pytest.mark.timeout(600)
PATIENCE = 90.0
"""Seconds for an answer while the product is broken or replaced."""
KILLED_TOGETHER = (
    ("postgres",),
    ("redis",),
    ("nginx",),
    ("api",),
    ("bot",),
    ("worker", "beat", "admin", "backup"),
    WATCHING,
)
assert {*itertools.chain(*KILLED_TOGETHER)} == {*SERVICES}


@dataclass
class Chat:
    """Somebody who asks one question after another, each when the one before is answered."""

    person: SandboxPerson
    asked: list[str] = field(default_factory=list)

    @property
    def answers(self) -> list[str]:
        """What the bot has written to them so far."""
        return [message["text"] for message in self.person.messages.values() if message["from_bot"]]

    @property
    def expected(self) -> list[str]:
        """What it should have written."""
        return [f"You said: {question}" for question in self.asked]

    async def go_on(self, ended: asyncio.Event) -> None:
        """Ask until `ended`."""
        while not ended.is_set():
            await self.ask()
            # As fast as a quick person reads.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await ended.wait()

    async def ask(self) -> None:
        """Ask, and wait for the answer."""
        question = f"question {len(self.asked) + 1} of {self.person.id}"
        self.asked.append(question)
        await self.person.send(question)
        await self.person.wait_for_message(f"You said: {question}", timeout=PATIENCE)


@contextlib.asynccontextmanager
async def chatting(telegram: SandboxClient, *, count: int) -> AsyncIterator[list[Chat]]:
    """Let so many people chat, all of them in the middle of it, until the block and their answers end."""
    chats = [Chat(await telegram.person(f"Person {number}")) for number in range(count)]
    ended, nursery = asyncio.Event(), Nursery()
    await asyncio.gather(*(chat.ask() for chat in chats))
    tasks = [nursery.start(chat.go_on(ended), name=f"chat:{chat.person.id}") for chat in chats]
    try:
        yield chats
        ended.set()
        await asyncio.gather(*tasks)
    finally:
        await nursery.stop()


async def test_somebody_registers_and_chats_by_webhook(telegram: SandboxClient) -> None:
    anna = await telegram.person("Anna")
    assert "Anna" in str(await anna.ask("/start", timeout=PATIENCE))
    assert (await anna.ask("Hello, Vitte", timeout=PATIENCE))["text"] == "You said: Hello, Vitte"
    deliveries = await telegram.calls(kind="delivery")
    assert {delivery["how"] for delivery in deliveries} == {"webhook"}


@pytest.mark.parametrize("killed", KILLED_TOGETHER, ids="+".join)
async def test_what_is_killed_comes_back_and_every_question_is_answered(
    stack: Stack, telegram: SandboxClient, killed: tuple[str, ...]
) -> None:
    before = {service: stack.container(service)["RestartCount"] for service in killed}
    async with chatting(telegram, count=5) as chats:
        for service in killed:
            await asyncio.to_thread(stack.kill, service)
        await asyncio.to_thread(stack.until_healthy, killed)
    for service in killed:
        assert stack.container(service)["RestartCount"] == before[service] + 1
    for chat in chats:
        # One that was killed after its answer and before it could note that answers again.
        assert list(dict.fromkeys(chat.answers)) == chat.expected


async def test_an_upgrade_while_fifty_people_chat_loses_nothing(
    stack: Stack, telegram: SandboxClient
) -> None:
    old = {service: stack.container(service)["Id"] for service in ("bot", "api", "worker")}
    before = max(line["seq"] for line in await telegram.calls(kind="all"))
    async with chatting(telegram, count=50) as chats:
        upgrade = stack.start(
            *("docker", "compose", "up", "--detach", "--build", "--force-recreate", "--wait", *old)
        )
        said, _ = await asyncio.to_thread(upgrade.communicate)
        assert upgrade.returncode == 0, said
    assert all(stack.container(service)["Id"] != old[service] for service in old)
    for chat in chats:
        # Each once, and in the order in which they were asked.
        assert chat.answers == chat.expected
    # Somebody did write while nobody was there to hear it.
    deliveries = await telegram.calls(kind="delivery", after=before)
    assert max(delivery["attempt"] for delivery in deliveries) > 1


async def test_what_was_said_is_still_there(stack: Stack, telegram: SandboxClient) -> None:
    stored = "SELECT count(*) FROM messages WHERE text LIKE 'You said: Hello, Vitte%'"
    assert stack.query(stored) == "1"
