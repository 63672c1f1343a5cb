"""The menu of commands and the button that opens it."""

import re
from typing import Any

from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.model import Bot, Chat, Json

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_DESCRIPTION_LIMIT = 256
_COMMANDS_LIMIT = 100
_OF_CHATS = frozenset({"chat", "chat_administrators", "chat_member"})
_SCOPES = (
    frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}) | _OF_CHATS
)


def commands_for_person(bot: Bot, *, chat_id: int | None, language: str) -> list[Json]:
    """Return the commands that a private chat shows.

    The narrowest scope wins, and in it the person's language:
    https://core.telegram.org/bots/api#determining-list-of-commands .
    """
    scopes = ["all_private_chats", "default"]
    if chat_id is not None:
        scopes.insert(0, f"chat:{chat_id}")
    for scope in scopes:
        for code in (language, ""):
            if commands := bot.commands.get(f"{scope}|{code}"):
                return commands
    return []


def _key(call: Call) -> str:
    language = call.params.text("language_code")
    if language and re.fullmatch(r"[a-z]{2}", language) is None:
        raise bad_request("invalid language code specified")
    return f"{_scope(call.params.data('scope') or {'type': 'default'}, call)}|{language}"


def _scope(scope: Any, call: Call) -> str:
    if not isinstance(scope, dict):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = scope.get("type")
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    if kind not in _OF_CHATS:
        return str(kind)
    chat_id = str(scope.get("chat_id") or "")
    if not chat_id:
        raise bad_request("can't parse BotCommandScope: Empty chat_id specified")
    known = chat_id.removeprefix("-").isdecimal() and call.sandbox.world.chat(call.bot.id, int(chat_id))
    if not known:
        raise bad_request("chat not found")
    return f"{kind}:{chat_id}" + (f":{scope.get('user_id')}" if kind == "chat_member" else "")


def _tell(call: Call) -> None:
    world = call.sandbox.world
    world.save_bot(call.bot)
    for person_id in world.people:
        chat = world.chat(call.bot.id, person_id)
        if chat is not None:
            world.event(chat, "commands", {})


@plays("setMyCommands")
async def set_my_commands(call: Call) -> bool:
    """Set the commands of a scope and language; an empty list removes them."""
    commands = call.params.data("commands") or []
    if len(commands) > _COMMANDS_LIMIT:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    kept = []
    for command in commands:
        name = str(command["command"]).removeprefix("/")
        description = str(command["description"]).strip()
        if _COMMAND.fullmatch(name) is None:
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= _DESCRIPTION_LIMIT:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": name, "description": description})
    key = _key(call)
    if kept:
        call.bot.commands[key] = kept
    else:
        call.bot.commands.pop(key, None)
    _tell(call)
    return True


@plays("getMyCommands")
async def get_my_commands(call: Call) -> list[Json]:
    """Return the commands set for just this scope and language."""
    return call.bot.commands.get(_key(call), [])


@plays("deleteMyCommands")
async def delete_my_commands(call: Call) -> bool:
    """Remove the commands of a scope and language."""
    call.bot.commands.pop(_key(call), None)
    _tell(call)
    return True


def _menu_chat(call: Call) -> Chat | None:
    return call.chat() if call.params.integer("chat_id") else None


@plays("setChatMenuButton")
async def set_chat_menu_button(call: Call) -> bool:
    """Set the menu button of one private chat, or of all."""
    chat = _menu_chat(call)
    button = call.params.data("menu_button") or {"type": "default"}
    if button.get("type") not in {"default", "commands", "web_app"}:
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    call.bot.menu_buttons[str(chat.id) if chat else ""] = button
    call.sandbox.world.save_bot(call.bot)
    return True


@plays("getChatMenuButton")
async def get_chat_menu_button(call: Call) -> Json:
    """Return the menu button of one private chat, or the default one."""
    chat = _menu_chat(call)
    buttons = call.bot.menu_buttons
    own = buttons.get(str(chat.id)) if chat else None
    return own or buttons.get("") or {"type": "commands"}
