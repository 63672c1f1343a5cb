"""Which addresses a text may link to, and how Telegram writes them."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

_SCHEME = re.compile(r"([^:/?#@\[\]]*)://", re.DOTALL)
_APP_SCHEME = re.compile(r"(tg|ton|tonsite):(?://)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w.\-!$,~*'();&+=]|[^\x00-\x7f]|%[0-9a-fA-F]{2})+")
_USER_INFO = re.compile(r"(?:[\w.\-!$,~*'();&+=:]|[^\x00-\x7f]|%[0-9a-fA-F]{2})*")
_IPV6 = re.compile(r"\[[0-9a-fA-F:.]+\]")
_USER_LINK = re.compile(r"tg:(?://)?user/?\?([^#]*)", re.IGNORECASE)
_PORT_MAX = 65535


class WrongLinkError(ValueError):
    """The address is not one that Telegram links to; the message says why."""


def linked_user(url: str) -> int:
    """Return the id in tg://user?id=…, or 0."""
    match = _USER_LINK.fullmatch(url.partition("#")[0])
    if match is None:
        return 0
    for name, value in parse_qsl(match.group(1).lower(), keep_blank_values=True):
        if name == "id":
            return int(value) if value.isdecimal() else 0
    return 0


def linked_emoji(url: str) -> str:
    """Return the id in tg://emoji?id=…, or ""."""
    parts = urlsplit(url)
    if parts.scheme.lower() != "tg" or parts.netloc.lower() != "emoji":
        return ""
    value = dict(parse_qsl(parts.query)).get("id", "")
    return value if value.isdecimal() else ""


def linked_time(url: str) -> tuple[int, str] | None:
    """Return the time and the format in tg://time?unix=…&format=…, or None."""
    parts = urlsplit(url)
    if parts.scheme.lower() != "tg" or parts.netloc.lower() != "time":
        return None
    query = dict(parse_qsl(parts.query))
    moment, form = query.get("unix", ""), query.get("format", "")
    if not moment.isdecimal() or not int(moment) or not is_time_format(form):
        return None
    return int(moment), form


def is_time_format(form: str) -> bool:
    """Tell whether this is a format of a shown date: "r", or a mix of w, d or D, t or T."""
    return re.fullmatch(r"r?|w?[dD]?[tT]?", form) is not None


def checked_link(url: str) -> str:
    """Return the address as Telegram writes it in a text_link, or "" when it links to nothing."""
    try:
        return check_link(url)
    except WrongLinkError:
        return ""


def check_link(url: str) -> str:
    """Return the address as Telegram writes it; raise `WrongLinkError` when it is not one.

    An address without a scheme is one of http; http, https, tg, ton and tonsite are the only schemes.
    """
    app = _APP_SCHEME.match(url)
    if app is None:
        scheme, user_info, host, port, rest = _parse(url)
        if "." not in host and not host.startswith("["):
            raise WrongLinkError("Wrong HTTP URL")
        login = f"{user_info}@" if user_info else ""
        return f"{scheme}://{login}{host}{f':{port}' if port else ''}{rest}"
    address = url[app.end() :]
    scheme, user_info, host, port, rest = _parse(address)
    if (
        address.lower().startswith("http://")
        or scheme == "https"
        or user_info
        or port
        or host.startswith("[")
    ):
        raise WrongLinkError("Wrong tg URL" if app.group(1).lower() == "tg" else "Wrong ton URL")
    name = app.group(1).lower()
    allowed = r"[0-9A-Za-z_.-]+" if name == "tonsite" else r"[0-9A-Za-z_-]+"
    if re.fullmatch(allowed, host) is None:
        raise WrongLinkError("Unallowed characters in URL host")
    return f"{name}://{host}{rest[1:] if rest.startswith('/?') else rest}"


def _parse(url: str) -> tuple[str, str, str, int, str]:
    """Return scheme, user info, lower-case host, port (0 when not given) and the rest, from "/" on."""
    scheme = "http"
    if (match := _SCHEME.match(url)) is not None:
        scheme = match.group(1).lower()
        if scheme not in {"http", "https"}:
            raise WrongLinkError("Unsupported URL protocol")
        url = url[match.end() :]
    end = next((i for i, char in enumerate(url) if char in "/?#"), len(url))
    authority, rest = url[:end], url[end:].rstrip()
    user_and_host, port = _split_port(authority)
    user_info, _, host = user_and_host.rpartition("@")
    host = host.lower()
    if not host:
        raise WrongLinkError("URL host is empty")
    if host == ".":
        raise WrongLinkError("Host is invalid")
    _check_part(host, "host", _IPV6.fullmatch if host.startswith("[") else _HOST.fullmatch)
    _check_part(user_info, "userinfo", _USER_INFO.fullmatch)
    rest = re.sub(r"[\x00-\x20]", lambda found: f"%{ord(found.group()):02X}", rest)
    return scheme, user_info, host, port, rest if rest.startswith("/") else f"/{rest}"


def _split_port(authority: str) -> tuple[str, int]:
    match = re.search(r":([^:\]@]*)$", authority)
    if match is None or match.start() == 0:
        return authority, 0
    digits = match.group(1).lstrip("0") or "0"
    if not digits.isdecimal() or not 0 < int(digits) <= _PORT_MAX:
        raise WrongLinkError("Wrong port number specified in the URL")
    return authority[: match.start()], int(digits)


def _check_part(part: str, name: str, fits: Callable[[str], object]) -> None:
    if fits(part) is None:
        raise WrongLinkError(f"Disallowed character in URL {name}")
