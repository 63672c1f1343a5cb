"""What a bot sent with a call, decoded and checked through aiogram's model of the method."""

import re
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin

import aiogram.methods
import orjson
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

from vitte.sandbox.errors import BotApiError, bad_request
from vitte.sandbox.methods.markup import check_markup

AnyMethod = TelegramMethod[Any]
MODELS: dict[str, type[AnyMethod]] = {
    model.__api_method__.lower(): model
    for model in vars(aiogram.methods).values()
    if isinstance(model, type) and issubclass(model, TelegramMethod) and model is not TelegramMethod
}
"""Every method of the Bot API by its name in lower case."""
_TRUE = frozenset({"true", "yes", "1"})
_INTEGER = re.compile(r"\s*(-?\d+)")
# Telegram's words for what is missing; elsewhere it names the parameter.
_MISSING = {
    "chat_id": "chat_id is empty",
    "from_chat_id": "chat_id is empty",
    "text": "message text is empty",
    "photo": "there is no photo in the request",
    "document": "there is no document in the request",
    "voice": "there is no voice in the request",
    "audio": "there is no audio in the request",
    "video_note": "there is no video note in the request",
    "message_id": "message identifier is not specified",
    "message_ids": "message identifiers are not specified",
    "action": "wrong parameter action in request",
    "file_id": "file_id not specified",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
    "user_id": "invalid user_id specified",
    "draft_id": "invalid draft_id specified",
}
_WRONG = {
    "scope": "can't parse BotCommandScope: Unsupported type specified",
    "menu_button": "can't parse menu button: MenuButton has unsupported type",
}
_JSON_NAMES = {
    "reply_markup": "reply keyboard markup",
    "scope": "BotCommandScope",
    "menu_button": "menu button",
}


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came with a call."""

    name: str
    content_type: str
    content: bytes


class Params:
    """The decoded parameters of one call; readers answer with a neutral value for what was not sent."""

    def __init__(self, values: dict[str, Any], files: dict[str, UploadedFile]) -> None:
        self.values = values
        self.files = files

    def text(self, name: str) -> str:
        """Return a string, "" when not sent."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def integer(self, name: str) -> int:
        """Return a whole number, 0 when not sent."""
        value = self.values.get(name)
        return value if isinstance(value, int) else 0

    def flag(self, name: str) -> bool:
        """Return a yes or no, no when not sent."""
        return self.values.get(name) is True

    def data(self, name: str) -> Any:
        """Return a decoded JSON value, None when not sent."""
        return self.values.get(name)

    def file(self, name: str) -> UploadedFile | None:
        """Return the file uploaded for this parameter."""
        reference = self.text(name)
        if reference.startswith("attach://"):
            return self.files.get(reference.removeprefix("attach://"))
        return self.files.get(name)


def read_params(method: str, raw: dict[str, Any], files: dict[str, UploadedFile]) -> Params:
    """Return the call's parameters; `method` is lower case and known. Raises `BotApiError`."""
    kinds = _field_kinds(method)
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if value is None:
            continue
        kind = kinds.get(name)
        decoded = value if kind is None else _decode(name, value, kind)
        if decoded is not None:
            values[name] = decoded
    for name in files:
        if name in kinds and name not in values:
            values[name] = f"attach://{name}"
    if "reply_markup" in values:
        check_markup(values["reply_markup"])
    try:
        MODELS[method].model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from None
    return Params(values, files)


def _decode(name: str, value: Any, kind: str) -> Any:
    if kind == "flag":
        return value if isinstance(value, bool) else str(value).lower() in _TRUE
    if kind == "integer":
        if isinstance(value, int):
            return int(value)
        match = _INTEGER.match(str(value))
        return int(match.group(1)) if match is not None else None
    if kind == "text":
        return value if isinstance(value, str) else str(value)
    return _decode_json(name, value) if isinstance(value, str) else value


def _decode_json(name: str, text: str) -> Any:
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request(f"Can't parse {_JSON_NAMES.get(name, name)} JSON object") from None


def _refusal(error: ValidationError) -> BotApiError:
    problem = error.errors(include_url=False, include_input=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else "request"
    if problem["type"] == "missing" and len(problem["loc"]) == 1:
        return bad_request(_MISSING.get(name, f'parameter "{name}" is required'))
    if name in _WRONG:
        return bad_request(_WRONG[name])
    where = ".".join(str(part) for part in problem["loc"])
    return bad_request(f"can't parse {where}: {problem['msg']}")


@cache
def _field_kinds(method: str) -> dict[str, str]:
    """Return for each field of the method how its string form is read: flag, integer, text or json."""
    model = MODELS[method]
    # Until then its fields are names only.
    model.model_rebuild()
    return {name: _kind(_leaves(field.annotation)) for name, field in model.model_fields.items()}


def _leaves(annotation: Any) -> set[Any]:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType, typing.Annotated):
        parts = get_args(annotation)[:1] if origin is typing.Annotated else get_args(annotation)
        return {leaf for part in parts for leaf in _leaves(part)}
    return {origin or annotation}


def _kind(leaves: set[Any]) -> str:
    if any(
        leaf in (list, dict) or (isinstance(leaf, type) and issubclass(leaf, BaseModel)) for leaf in leaves
    ):
        return "json"
    if str in leaves:
        return "text"
    if bool in leaves:
        return "flag"
    return "integer" if int in leaves else "text"
