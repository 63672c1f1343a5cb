"""The menu of commands, by scope and language."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    MenuButtonCommands,
    MenuButtonWebApp,
    WebAppInfo,
)

from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import RunningSandbox


def command(name: str) -> BotCommand:
    return BotCommand(command=name, description=f"the {name}")


async def names(anna: SandboxPerson) -> list[str]:
    return [entry["command"] for entry in (await anna.chat())["bot"]["commands"]]


async def test_narrowest_scope_and_the_persons_language_win(bot: Bot, anna: SandboxPerson) -> None:
    await bot.set_my_commands([command("default")])
    assert await names(anna) == ["default"]
    await bot.set_my_commands([command("default_ru")], language_code="ru")
    assert await names(anna) == ["default_ru"]
    await bot.set_my_commands([command("private")], scope=BotCommandScopeAllPrivateChats())
    assert await names(anna) == ["private"]
    scope = BotCommandScopeChat(chat_id=anna.id)
    await bot.set_my_commands([command("chat")], scope=scope)
    await bot.set_my_commands([command("chat_de")], scope=scope, language_code="de")
    assert await names(anna) == ["chat"]
    await bot.delete_my_commands(scope=scope)
    assert await names(anna) == ["private"]


async def test_state_shows_the_commands_in_the_asked_language(bot: Bot, sandbox: RunningSandbox) -> None:
    await bot.set_my_commands([command("start")])
    await bot.set_my_commands([command("nachat")], language_code="ru")
    for language, name in (("", "start"), ("ru", "nachat")):
        state = await sandbox.state(language=language)
        assert [entry["command"] for entry in state["bots"][0]["commands"]] == [name]


async def test_commands_are_given_back_for_just_their_scope_and_language(bot: Bot) -> None:
    await bot.set_my_commands([command("a")])
    await bot.set_my_commands([command("b")], language_code="ru")
    assert [entry.command for entry in await bot.get_my_commands()] == ["a"]
    assert [entry.command for entry in await bot.get_my_commands(language_code="ru")] == ["b"]
    assert await bot.get_my_commands(scope=BotCommandScopeAllPrivateChats()) == []
    await bot.set_my_commands([])
    assert await bot.get_my_commands() == []


async def test_person_is_told_when_the_menu_changes(bot: Bot, anna: SandboxPerson) -> None:
    await bot.set_my_commands([command("a")])
    assert await anna.wait_for_event("commands") == {"type": "commands", "bot_id": 42}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"commands": [{"command": "Start", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "x" * 33, "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "x", "description": " "}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": [{"command": "x", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": [], "language_code": "rus"}, "invalid language code specified"),
        (
            {"commands": [], "scope": {"type": "planet"}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 5}}, "chat not found"),
    ],
)
async def test_wrong_commands_are_refused(
    sandbox: RunningSandbox, params: dict[str, Any], reason: str
) -> None:
    answer = await sandbox.call("setMyCommands", **params)
    assert answer["description"] == f"Bad Request: {reason}"


async def test_menu_button_of_a_chat_wins_over_the_default(bot: Bot, anna: SandboxPerson) -> None:
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)
    app = MenuButtonWebApp(text="Open", web_app=WebAppInfo(url="https://example.com"))
    assert await bot.set_chat_menu_button(anna.id, app)
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)
    assert (await bot.get_chat_menu_button(anna.id)).model_dump() == app.model_dump()
