"""How calls travel to the Bot API."""

from typing import Any, Final, cast

import orjson
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import InputFile
from aiohttp import ClientError
from pydantic import TypeAdapter, ValidationError

_HEADERS: Final = {"Content-Type": "application/json"}
_OK: Final = 200
_ADDRESS_KEPT: Final = 30
"""Seconds for which the address of a name is used without being looked up again."""


class JsonSession(AiohttpSession):
    """Calls as one JSON object each, and answers read once.

    aiogram makes a form of every call and, for each answer, a pydantic model of `Response[...]` which
    pydantic keeps only while somebody uses it: between two lone answers it is gone, and building it again
    costs more than all the rest of the call. [aiogram 3.31, pydantic 2.13] The Bot API takes JSON for
    whatever carries no file: https://core.telegram.org/bots/api#making-requests .
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # aiogram's hour is longer than a Bot API server of one's own may keep its address.
        self._connector_init["ttl_dns_cache"] = _ADDRESS_KEPT
        self._results: dict[Any, TypeAdapter[Any]] = {}
        self._responses: dict[Any, type[Response[Any]]] = {}

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's signature
    ) -> TelegramType:
        """Call Telegram. Raises TelegramAPIError, or one of its kinds."""
        files: dict[str, InputFile] = {}
        values = {
            name: prepared
            for name, value in vars(method).items()
            # Most of them: a call names few of its parameters.
            if value is not None
            # An empty text is no value, to aiogram and to Telegram alike.
            and (prepared := self.prepare_value(value, bot=bot, files=files, _dumps_json=False)) is not None
            and prepared != ""
        }
        if files:
            return await super().make_request(bot, method, timeout)
        session = await self.create_session()
        try:
            async with session.post(
                self.api.api_url(token=bot.token, method=method.__api_method__),
                data=orjson.dumps(values),
                headers=_HEADERS,
                timeout=self.timeout if timeout is None else timeout,  # type: ignore[arg-type]  # as aiogram's
            ) as response:
                content = await response.read()
        except TimeoutError as error:
            raise TelegramNetworkError(method=method, message="Request timeout error") from error
        except ClientError as error:
            raise TelegramNetworkError(method=method, message=f"{type(error).__name__}: {error}") from error
        return self._result(bot, method, response.status, content)

    def _result(
        self, bot: Bot, method: TelegramMethod[TelegramType], status: int, content: bytes
    ) -> TelegramType:
        kind = method.__returning__
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise ClientDecodeError("Failed to decode object", error, content) from error
        if status != _OK or not isinstance(answer, dict) or answer.get("ok") is not True:
            # Held here, or it would be built again for every failure.
            self._responses.setdefault(kind, Response[kind])  # type: ignore[valid-type]
            refused = self.check_response(bot, method, status, content.decode(errors="replace"))
            return cast("TelegramType", refused.result)
        adapter = self._results.get(kind)
        if adapter is None:
            adapter = self._results[kind] = TypeAdapter(kind)
        try:
            return cast("TelegramType", adapter.validate_python(answer.get("result"), context={"bot": bot}))
        except ValidationError as error:
            raise ClientDecodeError("Failed to deserialize object", error, answer) from error
