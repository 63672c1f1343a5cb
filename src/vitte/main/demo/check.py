"""One question to the assistant, asked as a person asks it: through the chat."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

_QUESTION = "Hello! What can you do for me?"
_COMPLETE = 'vitte_answers_total{outcome="complete"}'
_COUNTED_WITHIN = 5.0  # seconds from the last word to its place in the metrics


class CheckError(Exception):
    """No answer came, or none that can be one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Times are seconds after the question was sent; `first` is the first sight of the
    answer.
    """

    question: str
    text: str
    first: float
    full: float


async def ask(base_url: str, *, bot_id: int, metrics_url: str, within: float = 60.0) -> Answer:
    """Ask the bot a question as a new person of the sandbox at `base_url`.

    Raises `CheckError` when the answer is not there after `within` seconds, or was only an apology: then the
    bot's metrics at `metrics_url` count no complete answer.
    """
    try:
        async with asyncio.timeout(within), aiohttp.ClientSession(base_url) as session:
            before = await _complete_answers(session, metrics_url)
            answer = await _ask(session, bot_id=bot_id)
            await _wait_for_count(session, metrics_url, above=before, answer=answer)
            return answer
    except TimeoutError:
        raise CheckError(f"The assistant did not answer within {within:.0f} s.") from None
    except (aiohttp.ClientError, KeyError, ValueError) as error:
        raise CheckError(f"The chat did not work: {error!r}") from None


async def _ask(session: aiohttp.ClientSession, *, bot_id: int) -> Answer:
    await _wait_for_bot(session, bot_id=bot_id)
    person = await _post(session, "/sandbox/people", {"first_name": "Check", "language_code": "en"})
    chat = f"/sandbox/people/{person['id']}/chats/{bot_id}"
    async with session.ws_connect(f"/sandbox/people/{person['id']}/events") as events:
        sent = time.monotonic()
        await _post(session, f"{chat}/messages", {"text": _QUESTION})
        first: float | None = None
        while True:
            event = await events.receive_json()
            elapsed = time.monotonic() - sent
            kind, message = event.get("type"), event.get("message") or {}
            if kind == "draft" and (event.get("draft") or {}).get("text"):
                first = first or elapsed
            if kind == "message" and message.get("from_bot") and (text := message.get("text")):
                return Answer(_QUESTION, text, first=first or elapsed, full=elapsed)


async def _wait_for_count(
    session: aiohttp.ClientSession, metrics_url: str, *, above: float, answer: Answer
) -> None:
    try:
        async with asyncio.timeout(_COUNTED_WITHIN):
            # Nobody tells of a new count, so it is asked for.
            while await _complete_answers(session, metrics_url) <= above:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise CheckError(f"The assistant had no answer; it said: {answer.text}") from None


async def _complete_answers(session: aiohttp.ClientSession, metrics_url: str) -> float:
    async with session.get(metrics_url) as response:
        lines = (await response.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(_COMPLETE))


async def _wait_for_bot(session: aiohttp.ClientSession, *, bot_id: int) -> None:
    while True:
        async with session.get("/sandbox/state") as response:
            response.raise_for_status()
            state = await response.json()
        if any(bot["id"] == bot_id for bot in state["bots"]):
            return
        await asyncio.sleep(0.1)


async def _post(session: aiohttp.ClientSession, path: str, body: dict[str, str]) -> Any:
    async with session.post(path, json=body) as response:
        if response.status >= 400:
            raise CheckError(f"The chat refused {path}: {response.status} {await response.text()}")
        return await response.json()
