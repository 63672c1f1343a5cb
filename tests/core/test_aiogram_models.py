"""A light import of aiogram: every model is there when it is used."""

import subprocess
import sys

PROGRAM = """
import vitte.core.aiogram_models
import aiogram.methods, aiogram.types
from aiogram.methods.base import Response
from pydantic import BaseModel, TypeAdapter

models = [
    model
    for module in (aiogram.types, aiogram.methods)
    for model in map(vars(module).get, module.__all__)
    if isinstance(model, type) and issubclass(model, BaseModel)
]
print(len(models), sum(model.__pydantic_complete__ for model in models))
message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hi"}
assert Response[aiogram.types.Message].model_validate({"ok": True, "result": message}).result.text == "hi"
assert TypeAdapter(aiogram.types.Message | bool).validate_python(message).chat.id == 1
assert aiogram.types.Update.model_validate({"update_id": 1, "message": message}).message.text == "hi"
assert aiogram.methods.SendMessage(chat_id=1, text="hi").text == "hi"
for model in models:
    model.model_rebuild()
    assert model.__pydantic_complete__, model
"""


def test_models_are_not_built_at_start_yet_each_is_there_for_whoever_uses_it() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    models, built = map(int, ended.stdout.split())
    assert models > 500
    assert built < models / 3


def test_the_bot_and_the_sandbox_begin_without_models_that_they_do_not_need() -> None:
    for module in ("vitte.main.bot", "vitte.sandbox.server", "vitte.clients.telegram.gateway"):
        program = (
            f"import {module}, sys; import aiogram.types as t; sys.exit(int(t.Message.__pydantic_complete__))"
        )
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0, module


REMEMBERING = """
import {first}
from aiogram import Bot
from aiogram.methods import SendMessage
from aiogram.types import Message, Update

bot, other = Bot("42:TEST"), Bot("43:TEST")
message = {{"message_id": 1, "date": 1, "chat": {{"id": 1, "type": "private"}}, "text": "hi"}}
update = Update.model_validate({{"update_id": 1, "message": message}}, context={{"bot": bot}})
assert update.bot is update.message.bot is update.message.chat.bot is bot
assert update.message.model_copy(update={{"text": "x"}}).bot is bot
assert update.message.answer("hi").bot is bot
assert update.message.answer("hi").as_(other).bot is other
assert Message.model_validate(message).bot is None
assert SendMessage(chat_id=1, text="hi").bot is None
assert update.message == Message.model_validate(message, context={{"bot": bot}})
print(update.message.model_dump_json(exclude_none=True), update.message.__pydantic_private__.keys())
"""


def test_what_telegram_sends_remembers_its_bot_as_it_does_with_aiogram_alone() -> None:
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", REMEMBERING.format(first=first)],
            capture_output=True,
            text=True,
            check=False,
        )
        for first in ("vitte.core.aiogram_models", "aiogram")
    )
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr) == (0, "")
    assert ours.stdout == theirs.stdout
