"""What a bot asks about itself, chats and files."""

from typing import Any

from vitte.sandbox.errors import bad_request
from vitte.sandbox.methods.call import Call, plays
from vitte.sandbox.methods.files import file_by_id, file_id
from vitte.sandbox.model import Json

_DOWNLOAD_LIMIT = 20 << 20


@plays("getMe")
async def get_me(call: Call) -> Json:
    """Return the bot's `User` with what only getMe tells."""
    return {
        **call.bot.user(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_guest_queries": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
        "supports_join_request_queries": False,
    }


@plays("logOut", "close")
async def log_out(_call: Call) -> bool:
    """Agree; the sandbox is the only server there is."""
    return True


@plays("getChat")
async def get_chat(call: Call) -> Json:
    """Return the `ChatFullInfo`."""
    chat = call.chat()
    accepted = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    info: Json = {
        **chat.info,
        "accepted_gift_types": dict.fromkeys(accepted, chat.private),
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
    }
    if username := chat.info.get("username"):
        info["active_usernames"] = [username]
    return info


@plays("getUserProfilePhotos")
async def get_user_profile_photos(call: Call) -> Json:
    """Return no photos: people of the sandbox have none."""
    if call.sandbox.world.user(call.params.integer("user_id")) is None:
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}


@plays("getFile")
async def get_file(call: Call) -> dict[str, Any]:
    """Return the `File` with the path to download it from."""
    file = file_by_id(call.sandbox.world, call.bot, call.params.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if file.size > _DOWNLOAD_LIMIT:
        raise bad_request("file is too big")
    return {
        "file_id": file_id(call.bot, file),
        "file_unique_id": file.unique_id,
        "file_size": file.size,
        "file_path": call.sandbox.world.hand_out(file),
    }
