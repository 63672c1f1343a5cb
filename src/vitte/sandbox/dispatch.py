"""Takes a call from the wire to its handler, through faults and checks, and notes how it ended."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from vitte.sandbox.errors import BotApiError
from vitte.sandbox.faults import Fault
from vitte.sandbox.methods import about, commands, drafts, edits, media, messages, reactions, receiving
from vitte.sandbox.methods.call import PLAYED, Call
from vitte.sandbox.methods.params import MODELS, UploadedFile, read_params
from vitte.sandbox.model import Bot, Json

if TYPE_CHECKING:
    from vitte.sandbox.sandbox import Sandbox

logger = structlog.get_logger(__name__)

FAMILIES = (about, commands, drafts, edits, media, messages, reactions, receiving)
"""Importing them has filled the table of played methods."""
_HANG_BY_DEFAULT = 60.0


@dataclass(slots=True)
class Answer:
    """What goes back to the caller."""

    status: int
    body: bytes
    retry_after: int | None = None


class WithheldAnswer(Exception):  # noqa: N818 - it is no error of ours, but what a fault asked for
    """The caller gets no answer: its connection is cut."""


class Dispatcher:
    """Runs calls."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    async def run(
        self, bot_id: int, method: str, raw: dict[str, Any], files: dict[str, UploadedFile], *, via: str = ""
    ) -> Answer:
        """Run a call and return its answer; raise `WithheldAnswer` when a fault keeps it back."""
        started = time.perf_counter()
        name = method.lower()
        model = MODELS.get(name)
        line: Json = {
            "bot_id": bot_id,
            "method": model.__api_method__ if model is not None else method,
            "chat_id": _as_chat_id(raw.get("chat_id")),
            "params": _shown(raw, files),
        }
        if via:
            line["via"] = via
        fault = self._sandbox.faults.pick(name, line["chat_id"])
        if fault is not None:
            line["fault"] = fault.kind
        try:
            result = await self._result(bot_id, name, raw, files, fault)
        except BotApiError as error:
            line["status"] = error.status
            line["error"] = error.description
            return Answer(error.status, orjson.dumps(error.body()), error.retry_after)
        except WithheldAnswer:
            line["status"] = 0
            line["error"] = "answer withheld"
            raise
        else:
            line["status"] = 200
            line["error"] = None
            line["message_id"] = _message_id(result)
            return Answer(200, orjson.dumps({"ok": True, "result": result}))
        finally:
            line.setdefault("status", 0)
            line["duration_ms"] = round((time.perf_counter() - started) * 1000, 3)
            self._sandbox.log.call(line)

    async def execute_webhook_answer(self, bot: Bot, method: str, params: Json) -> None:
        """Run the method that a webhook answered with; its result goes nowhere, as at Telegram."""
        try:
            answer = await self.run(bot.id, method, params, {}, via="webhook")
        except WithheldAnswer:
            return
        if answer.status != 200:
            logger.info("webhook_answer_refused", bot_id=bot.id, method=method, status=answer.status)

    async def _result(
        self,
        bot_id: int,
        name: str,
        raw: dict[str, Any],
        files: dict[str, UploadedFile],
        fault: Fault | None,
    ) -> Any:
        if fault is None:
            return await self._perform(bot_id, name, raw, files)
        if fault.performed:
            await self._perform(bot_id, name, raw, files)
        delay = fault.delay or (_HANG_BY_DEFAULT if fault.kind == "timeout" else 0.0)
        if delay:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._sandbox.closing.wait()
        if fault.silent:
            raise WithheldAnswer
        raise fault.error()

    async def _perform(
        self, bot_id: int, name: str, raw: dict[str, Any], files: dict[str, UploadedFile]
    ) -> Any:
        bot = self._sandbox.world.bot(bot_id)
        model = MODELS.get(name)
        if model is None:
            raise BotApiError(404, "Not Found: method not found")
        handler = PLAYED.get(name)
        if handler is None:
            raise BotApiError(400, f"Bad Request: the sandbox does not play {model.__api_method__} yet")
        return await handler(Call(self._sandbox, bot, read_params(name, raw, files)))


def _as_chat_id(value: Any) -> int | str | None:
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    return value if isinstance(value, int | str) else None


def _shown(raw: dict[str, Any], files: dict[str, UploadedFile]) -> dict[str, Any]:
    """Return the parameters for the log: files as their sizes, secrets left out."""
    shown = {name: "[hidden]" if name == "secret_token" else value for name, value in raw.items()}
    for name, file in files.items():
        shown[name] = {"file": file.name, "size": len(file.content)}
    return shown


def _message_id(result: Any) -> int | None:
    return result.get("message_id") if isinstance(result, dict) else None
