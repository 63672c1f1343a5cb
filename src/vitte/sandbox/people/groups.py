"""Groups: people who talk to each other, and a bot among them that reads what it may."""

from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from vitte.sandbox.entities.format import TEXT_LIMIT, plain_text
from vitte.sandbox.entities.model import utf16_length
from vitte.sandbox.errors import BotApiError, PeopleApiError
from vitte.sandbox.model import Bot, Chat, Json, Message
from vitte.sandbox.people.routes import integer_of, json_body, json_response, text_of
from vitte.sandbox.timing import unix
from vitte.sandbox.world import World

_FIRST_ID = -1_001_000_000_000
_OUTSIDE = ("left", "kicked")
_STATUSES = ("member", "administrator", "restricted", *_OUTSIDE)
_MAY_READ_SOME = ("member", "restricted")
Guise = Literal["", "anonymous", "channel"]
_GUISES: dict[str, Json] = {
    # https://core.telegram.org/bots/api#message : whom the field "from" names in their place.
    "anonymous": {
        "id": 1087968824,
        "is_bot": True,
        "first_name": "Group",
        "username": "GroupAnonymousBot",
    },
    "channel": {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"},
}
_CHANNEL: Json = {"id": -1_009_000_000_001, "title": "News", "type": "channel"}


class GroupActions:
    """What people do in groups. The bot has privacy mode on, as every new bot has. Raises `PeopleApiError`.

    https://core.telegram.org/bots/features#privacy-mode
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def make(self, bot_id: int, title: str, people: list[int], *, topics: list[int]) -> Chat:
        """Make a supergroup of these people, without the bot."""
        for person_id in people:
            if person_id not in self._world.people:
                raise PeopleApiError(404, f"There is no person {person_id}.")
        bot, chat_id = self._world.bot(bot_id), _FIRST_ID
        while self._world.chat(bot.id, chat_id) is not None:
            chat_id -= 1
        info: Json = {"id": chat_id, "title": title, "type": "supergroup"}
        if topics:
            info["is_forum"] = True
        chat = self._world.add_chat(bot.id, info)
        chat.members, chat.topics, chat.bot_status = people, topics, "left"
        self._world.save_chat(chat)
        return chat

    def set_bot(self, chat: Chat, status: str, *, by: int) -> None:
        """Take the bot in, put it out, or make it an administrator."""
        old, chat.bot_status = chat.bot_status, status
        self._world.save_chat(chat)
        bot = self._world.bots[chat.bot_id]
        content: Json = {
            "chat": chat.info,
            "from": self._person(chat, by),
            "date": unix(self._world.clock),
            "old_chat_member": _member(bot, old),
            "new_chat_member": _member(bot, status),
        }
        self._world.push_update(chat, "my_chat_member", content)

    def write(
        self, chat: Chat, person_id: int, text: str, *, reply_to: int | None, topic: int, guise: Guise
    ) -> Message:
        """Write to all; the bot gets it if it is in the group and may read it."""
        formatted = plain_text(text)
        if not formatted.text or utf16_length(formatted.text) > TEXT_LIMIT:
            raise PeopleApiError(400, "The text is empty or too long.")
        sender = self._person(chat, person_id)
        extra: Json = {}
        if guise:
            sender = _GUISES[guise]
            extra["sender_chat"] = chat.info if guise == "anonymous" else _CHANNEL
        if topic:
            if topic not in chat.topics:
                raise PeopleApiError(404, "There is no such topic.")
            extra |= {"message_thread_id": topic, "is_topic_message": True}
        replied = chat.messages.get(reply_to) if reply_to is not None else None
        if reply_to is not None and replied is None:
            raise PeopleApiError(404, f"There is no message {reply_to} in this group.")
        last = next(reversed(chat.messages.values()), None)
        message = self._world.new_message(
            chat,
            from_bot=False,
            text=formatted.text,
            entities=formatted.entities,
            reply_to=reply_to,
            extra=extra,
            sender=sender,
        )
        if self._may_read(chat, message, replied, last):
            self._world.push_update(chat, "message", self._world.telegram_message(message))
        return message

    def chat(self, bot_id: int, number: int) -> Chat:
        """Return the group; its id in paths is without the minus."""
        chat = self._world.chat(bot_id, -number)
        if chat is None or not chat.members:
            raise PeopleApiError(404, f"There is no group {-number}.")
        return chat

    def _person(self, chat: Chat, person_id: int) -> Json:
        if person_id not in chat.members:
            raise PeopleApiError(403, f"Person {person_id} is not in the group.")
        return self._world.people[person_id].user()

    def _may_read(self, chat: Chat, message: Message, replied: Message | None, last: Message | None) -> bool:
        if chat.bot_status not in _MAY_READ_SOME:
            return chat.bot_status == "administrator"
        if replied is not None and replied.from_bot:
            return True
        name = f"@{self._world.bots[chat.bot_id].username}".lower()
        for entity in message.entities:
            word = _word(message.text or "", entity).lower()
            if entity["type"] == "mention" and word == name:
                return True
            if entity["type"] == "bot_command" and entity["offset"] == 0:
                spoke_last = last is not None and last.from_bot
                return word.endswith(name) or ("@" not in word and spoke_last)
        return False


def _word(text: str, entity: Json) -> str:
    units = text.encode("utf-16-le")
    return units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


def _member(bot: Bot, status: str) -> Json:
    member: Json = {"user": bot.user(), "status": status}
    if status == "kicked":
        member["until_date"] = 0
    if status == "administrator":
        rights = (
            "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats"
            " can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories"
            " can_edit_stories can_delete_stories can_send_welcome_messages"
        )
        member |= dict.fromkeys(rights.split(), False)
    if status == "restricted":
        member |= {"is_member": True, "until_date": 0, **dict.fromkeys(_PERMISSIONS.split(), False)}
    return member


_PERMISSIONS = (
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos"
    " can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages"
    " can_add_web_page_previews can_change_info"
    " can_invite_users can_pin_messages can_manage_topics can_edit_tag can_react_to_messages"
)


class GroupRoutes:
    """Handlers of `/sandbox/groups/…`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups = GroupActions(world)

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        group = "/sandbox/groups/{group:int}/chats/{bot:int}"
        return [
            Route("/sandbox/groups", self.make, methods=["POST"]),
            Route(group, self.show, methods=["GET"]),
            Route(f"{group}/messages", self.write, methods=["POST"]),
            Route(f"{group}/bot", self.set_bot, methods=["PUT"]),
        ]

    async def make(self, request: Request) -> Response:
        """Make a group; return its id."""
        body = await json_body(request)
        people, topics = _integers(body, "people"), _integers(body, "topics")
        if not people:
            raise PeopleApiError(400, "A group needs people.")
        chat = self._groups.make(integer_of(body, "bot_id"), text_of(body, "title"), people, topics=topics)
        return json_response({"id": chat.id}, status=201)

    async def show(self, request: Request) -> Response:
        """Return the messages, as Telegram has them."""
        chat = self._chat(request)
        return json_response({"messages": [self._world.telegram_message(m) for m in chat.messages.values()]})

    async def write(self, request: Request) -> Response:
        """Write something; return the message."""
        body = await json_body(request)
        guise: Any = text_of(body, "guise", default="")
        if guise and guise not in _GUISES:
            raise PeopleApiError(400, f'"guise" must be one of {", ".join(_GUISES)}.')
        try:
            message = self._groups.write(
                self._chat(request),
                integer_of(body, "person_id"),
                text_of(body, "text"),
                reply_to=integer_of(body, "reply_to_message_id") if "reply_to_message_id" in body else None,
                topic=integer_of(body, "topic") if "topic" in body else 0,
                guise=guise,
            )
        except BotApiError as error:
            raise PeopleApiError(400, error.description) from None
        return json_response(self._world.telegram_message(message), status=201)

    async def set_bot(self, request: Request) -> Response:
        """Change what the bot is in the group."""
        body = await json_body(request)
        status = text_of(body, "status")
        if status not in _STATUSES:
            raise PeopleApiError(400, f'"status" must be one of {", ".join(_STATUSES)}.')
        self._groups.set_bot(self._chat(request), status, by=integer_of(body, "person_id"))
        return json_response({})

    def _chat(self, request: Request) -> Chat:
        return self._groups.chat(request.path_params["bot"], request.path_params["group"])


def _integers(body: Json, name: str) -> list[int]:
    values = body.get(name, [])
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise PeopleApiError(400, f'"{name}" must be a list of whole numbers.')
    return values
