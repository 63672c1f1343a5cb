"""Which addresses an answer may lead to."""

import re
from collections.abc import Iterator

from vitte.bot.formatting.spans import CODE, LINK, PRE, Span

_MAX_LENGTH = 2000
_PERSON = re.compile(r"tg://user\?id=[1-9]\d{0,18}")
# Narrower than what Telegram takes: an address that it finds wrong would refuse the whole message.
_WEB = re.compile(
    r"https?://(?P<host>[\w-]+(?:\.[\w-]+)+)(?::(?P<port>[1-9]\d{0,4}))?(?:[/?#][^\s\x00-\x20\x7f]*)?",
    re.IGNORECASE,
)
_MAX_PORT = 65535
_MAIL = re.compile(r"mailto:(?P<address>[^\s?@]+@[^\s?@]+)(?:\?\S*)?", re.IGNORECASE)
# Telegram makes addresses of a text clickable by itself, those that command the app among them.
_SCHEME = re.compile(r"[a-z0-9+.-]+\Z", re.IGNORECASE)
_MAX_SCHEME = 32
_REST = re.compile(r"[^\s<>\"«»]*")
# What surely is one address of the web to Telegram, whatever stands in it.
_ONE_ADDRESS = re.compile(r"https?://[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#][\w/?=&.%#:+~@-]*)?", re.IGNORECASE)


def allowed_link(url: str) -> str:
    """Return the address that an entity may have for `url`, "" for none.

    They are those of the web and of people: `tg://` else joins groups, sets themes and the like.
    """
    if url[:4].lower() == "www.":
        url = f"https://{url}"
    if len(url) > _MAX_LENGTH:
        return ""
    if _PERSON.fullmatch(url):
        return url
    web = _WEB.fullmatch(url)
    return url if web is not None and int(web["port"] or 1) <= _MAX_PORT else ""


def mail_address(url: str) -> str:
    """Return the address of a `mailto:` link, "" for any other.

    Telegram has no such links (it takes the address for a web server's) but makes written ones clickable.
    """
    mail = _MAIL.fullmatch(url)
    return mail["address"] if mail is not None else ""


def defused(text: str, spans: list[Span]) -> list[Span]:
    """Return the spans with code around written addresses of other kinds: nobody can click on code."""
    if "://" not in text:
        return spans
    safe = [span for span in spans if span.kind in (PRE, LINK)]
    added = [
        Span(CODE, start, end)
        for start, end in _dangerous(text)
        if not any(span.start <= start and end <= span.end for span in safe)
    ]
    if not added:
        return spans
    clear = [
        span
        for span in spans
        if span.kind != LINK or not any(a.start < span.end and span.start < a.end for a in added)
    ]
    # What lies within another code already stays so; the longer one wins where they cross.
    return [*clear, *added]


def _dangerous(text: str) -> Iterator[tuple[int, int]]:
    done, colon = 0, text.find("://")
    while colon >= 0:
        scheme = _SCHEME.search(text, max(done, colon - _MAX_SCHEME), colon)
        start = colon if scheme is None else scheme.start()
        if text[start:colon].lower() in {"http", "https"}:
            web = _ONE_ADDRESS.match(text, start)
            done = colon if web is None else web.end()
        else:
            rest = _REST.match(text, colon)
            done = colon if rest is None else rest.end()
            if not _PERSON.fullmatch(text, start, done):
                yield start, done
        colon = text.find("://", max(done, colon + 1))
