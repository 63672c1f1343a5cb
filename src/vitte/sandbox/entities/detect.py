"""Finds in a plain text what Telegram makes clickable by itself: mentions, commands, tags, addresses."""

import re
from collections.abc import Iterator

from vitte.sandbox.entities.domains import is_common_domain_end
from vitte.sandbox.entities.model import Entity, in_order, utf16_length

_MENTION = re.compile(r"(?<![\w])@([a-zA-Z0-9_]{2,32})(?!\w)")
_COMMAND = re.compile(r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>@])")
_HASHTAG = re.compile(r"(?<![\w#@·])#([\w·]{1,256})(?![\w#·])")
_CASHTAG = re.compile(r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8})(?![\w$])")
_APP_URL = re.compile(r"(?:tg|ton|tonsite)://[a-z0-9_-]{1,253}(?:[/?#][^\s<>«»\"]*)?", re.IGNORECASE)
_URL = re.compile(
    r"(?P<scheme>(?:https?|ftp|tonsite)://)?"
    r"(?P<user>[^\s/\[\]{}()'`<>\"@«»]+@)?"
    r"(?P<domain>[\w~-]+(?:\.[\w~-]+)+)"
    r"(?P<port>:\d{1,5}(?!\d))?"
    r"(?P<path>[/?#][^\s<>\"«»]*)?",
    re.IGNORECASE,
)
_BEFORE_URL = re.compile(r"[\w/#@]")
_NOT_AT_END = ".:;,('?!`"
_EMAIL_USER = re.compile(r"[a-z0-9_+-]{1,64}(?:[.:][a-z0-9_+-]{1,64}){0,11}", re.IGNORECASE)
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)")
_PORT_MAX = 65535
_Found = tuple[str, int, int]


def find_entities(text: str) -> list[Entity]:
    """Return the entities found, without crossings; of two that meet the first one stays."""
    entities: list[Entity] = []
    end = units = position = 0
    for kind, begin, stop in sorted(_all(text), key=lambda found: (found[1], -found[2])):
        if begin < end:
            continue
        units += utf16_length(text[position:begin])
        length = utf16_length(text[begin:stop])
        entities.append(Entity(kind, units, length))
        units += length
        position = end = stop
    return in_order(entities)


def _all(text: str) -> Iterator[_Found]:
    if "@" in text:
        yield from _matches("mention", _MENTION, text)
    if "/" in text:
        yield from _matches("bot_command", _COMMAND, text)
    if "#" in text:
        for kind, begin, end in _matches("hashtag", _HASHTAG, text):
            if any(char.isalpha() for char in text[begin:end]):
                yield kind, begin, end
    if "$" in text:
        yield from _matches("cashtag", _CASHTAG, text)
    if "://" in text:
        for kind, begin, end in _matches("url", _APP_URL, text):
            yield kind, begin, begin + len(text[begin:end].rstrip(_NOT_AT_END))
    if "." in text:
        yield from _urls(text)


def _matches(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[_Found]:
    for match in pattern.finditer(text):
        yield kind, match.start(), match.end()


def _urls(text: str) -> Iterator[_Found]:
    for match in _URL.finditer(text):
        begin = match.start()
        scheme, user, domain = match.group("scheme"), match.group("user"), match.group("domain")
        if not scheme and begin and _BEFORE_URL.match(text, begin - 1):
            continue
        if not scheme and text.endswith("://", 0, begin):
            continue
        if not _is_domain(domain, known=bool(scheme)):
            continue
        port = match.group("port")
        end = match.end("domain")
        if port and 0 < int(port[1:]) <= _PORT_MAX:
            end = match.end("port")
        if user and not scheme and end == match.end() and _EMAIL_USER.fullmatch(user[:-1]) and not port:
            yield "email", begin, end
            continue
        if match.group("path") and (not port or end == match.end("port")):
            end += len(_path(match.group("path")))
        yield "url", begin, end


def _path(path: str) -> str:
    """Return the path without what closes brackets that it did not open, and without a sentence's end."""
    closing = {")": "(", "]": "[", "}": "{"}
    balance = dict.fromkeys(closing.values(), 0)
    for index, char in enumerate(path):
        if char in balance:
            balance[char] += 1
        elif char in closing:
            balance[closing[char]] -= 1
            if balance[closing[char]] < 0:
                path = path[:index]
                break
    trimmed = path.rstrip(_NOT_AT_END)
    return "" if trimmed in {"?", "#"} else trimmed


def _is_domain(domain: str, *, known: bool) -> bool:
    """Tell whether this names a host; with a scheme before it, it is `known` to be meant as one."""
    if _IPV4.fullmatch(domain):
        return True
    labels = domain.split(".")
    if any(len(label) > 63 or label.endswith("-") for label in labels):
        return False
    if "_" in labels[-2]:
        return False
    end = labels[-1]
    if end.startswith("xn--"):
        return re.fullmatch(r"xn--[a-zA-Z0-9]{2,}", end) is not None
    if len(end) <= 1 or "_" in end or "-" in end or domain.replace(".", "").isdecimal():
        return False
    return known or is_common_domain_end(end)
