"""A group of a sandbox, for tests: people write, and what the bot says to it is waited for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vitte.sandbox.client import SandboxClient, SandboxPerson
from vitte.sandbox.model import Json

_PATIENCE = 60.0


@dataclass
class SandboxGroup:
    """A supergroup with one bot, which is in it unless it was put out."""

    client: SandboxClient
    id: int
    bot_id: int
    owner: SandboxPerson

    @classmethod
    async def of(
        cls, *people: SandboxPerson, title: str = "Club", topics: Sequence[int] = (), with_bot: bool = True
    ) -> "SandboxGroup":
        """Make a group of these people, the first of whom takes the bot in."""
        owner = people[0]
        body: Json = {
            "bot_id": owner.bot_id,
            "title": title,
            "people": [person.id for person in people],
            "topics": list(topics),
        }
        answer = await owner.client.post("/sandbox/groups", body)
        group = cls(owner.client, answer["id"], owner.bot_id, owner)
        if with_bot:
            await group.set_bot("member")
        return group

    @property
    def path(self) -> str:
        """Return the path of this group."""
        return f"/sandbox/groups/{-self.id}/chats/{self.bot_id}"

    async def set_bot(self, status: str) -> None:
        """Make the bot a member or an administrator, or put it out."""
        body = {"status": status, "person_id": self.owner.id}
        await self.client.request("PUT", f"{self.path}/bot", json=body)

    async def say(self, person: SandboxPerson, text: str, **options: Any) -> Json:
        """Write as a person; options are `reply_to_message_id`, `topic`, and `guise` for who hides."""
        message: Json = await self.client.post(
            f"{self.path}/messages", {"person_id": person.id, "text": text, **options}
        )
        return message

    async def answers(self, *, after: int = 0) -> list[Json]:
        """Return what the bot said after this message, as Telegram has it."""
        shown: Json = await self.client.get(self.path)
        return [
            message
            for message in shown["messages"]
            if message["message_id"] > after and message["from"]["id"] == self.bot_id
        ]

    async def wait_for_answer(self, *, after: int = 0, seconds: float = _PATIENCE) -> Json:
        """Wait for what the bot says after this message."""
        async with asyncio.timeout(seconds):
            # People of groups have no socket: what is new is asked for.
            while not (answers := await self.answers(after=after)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return answers[0]

    async def ask(self, person: SandboxPerson, text: str, **options: Any) -> Json:
        """Write as a person, and wait for the next message of the bot."""
        said = await self.say(person, text, **options)
        return await self.wait_for_answer(after=said["message_id"])
