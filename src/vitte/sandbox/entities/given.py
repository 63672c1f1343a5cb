"""What Telegram refuses or leaves out of the entities that a bot gives, and of texts that show nothing.

Where they are, and where they lead, is checked by `get_message_entities`, `fix_formatted_text` and
`get_input_message_entities` of https://github.com/tdlib/td (td/telegram/MessageEntity.cpp), texts by
`is_empty_string` (td/telegram/misc.cpp).
"""

import re

from vitte.sandbox.entities.links import WrongLinkError, check_link, linked_user
from vitte.sandbox.entities.model import GIVEN_KINDS, SPLITTABLE, Entity, utf16_length
from vitte.sandbox.errors import bad_request

_LIMIT = 100
_BYTES_LIMIT = 9500
_BYTES_OF_ENTITY = 12
_INVISIBLE = re.compile(
    "[ \n\xa0\u1680\u180e\u2000-\u200f\u202e\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*"
)


def is_visible(text: str) -> bool:
    """Tell whether the text shows anything; if not, it is empty to Telegram."""
    return _INVISIBLE.fullmatch(text) is None


def linked(offset: int, length: int, url: str) -> Entity:
    """Return the entity that a given text_link is; raise `BotApiError` for an address that is none."""
    if user_id := linked_user(url):
        return Entity("text_mention", offset, length, user_id=user_id)
    try:
        return Entity("text_link", offset, length, url=check_link(url))
    except WrongLinkError as error:
        raise bad_request(f"Entity {error}") from None


def limited(entities: list[Entity]) -> list[Entity]:
    """Return what a message may have of the entities; raise `BotApiError` when they are too long together.

    The first hundred that are not found in the text count, those that cannot be cut before the styles. The
    greatest length is none of the documentation: https://github.com/tdlib/telegram-bot-api/issues/165 .
    """
    given = [entity for entity in entities if entity.type in GIVEN_KINDS]
    if sum(_BYTES_OF_ENTITY + len(entity.url.encode()) for entity in given) > _BYTES_LIMIT:
        raise bad_request("ENTITIES_TOO_LONG")
    if len(given) <= _LIMIT:
        return entities
    kept = sorted(given, key=lambda entity: entity.type in SPLITTABLE)[:_LIMIT]
    left_out = {id(entity) for entity in given} - {id(entity) for entity in kept}
    return [entity for entity in entities if id(entity) not in left_out]


def check_bounds(text: str, entities: list[Entity]) -> None:
    """Raise `BotApiError` when an entity is not in the text, or begins or ends within a character."""
    if not entities:
        return
    length = utf16_length(text)
    middles = set()
    units = 0
    for char in text:
        if char > "\uffff":
            middles.add(units + 1)
            units += 1
        units += 1
    for entity in entities:
        if entity.offset < 0 or entity.length < 0:
            wrong = "offset" if entity.offset < 0 else "length"
            raise bad_request(f"Receive an entity with incorrect {wrong} {getattr(entity, wrong)}")
        if entity.offset > length:
            raise bad_request(f"Entity begins after the end of the text at UTF-16 offset {entity.offset}")
        if entity.end > length:
            raise bad_request(
                f"Entity beginning at UTF-16 offset {entity.offset} ends after the end of the text "
                f"at UTF-16 offset {entity.end}"
            )
        if entity.offset in middles or entity.end in middles:
            raise bad_request(
                f"Entity beginning at UTF-16 offset {entity.offset} ends in a middle of a UTF-16 symbol"
                if entity.end in middles
                else "Entity begins in a middle of a UTF-16 symbol"
            )
