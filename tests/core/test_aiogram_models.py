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
