"""Markdown that still grows, made whole enough to be shown."""

import re

from vitte.bot.splitting import MAX_MESSAGE

_FENCE = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})(?P<info>[^`\n]*)$", re.MULTILINE)
_PARTIAL_LINE = re.compile(r"\n[ \t>]*(?:[`~]{1,3}|[-=*_#+]{1,6}[ ]?|\d{1,3}[.)]?|\|?[ :|-]*)\Z")
_PARTIAL_LINK = re.compile(r"!?\[(?P<label>[^\[\]\n]{0,300})(?:\](?:\([^()\s]{0,2000})?)?\Z")
_PARTIAL_TAG = re.compile(r"<[/a-zA-Z][^<>\n]{0,30}\Z")
_MARK = re.compile(r"\\.|`+|\*{1,3}|~~|\$\$", re.DOTALL)
_SHOWN = MAX_MESSAGE + MAX_MESSAGE // 4
"""Characters of source that are enough to fill a draft, in most cases."""


def newest_source(markdown: str) -> str:
    """Return the end of the document that a draft shows, with the fence it is in."""
    if len(markdown) <= _SHOWN:
        return markdown
    start = len(markdown) - _SHOWN
    cut = markdown.find("\n", start, start + MAX_MESSAGE // 4) + 1 or start
    fence = _open_fence(markdown[:cut])
    return f"{fence}\n{markdown[cut:]}" if fence else markdown[cut:]


def completed(markdown: str) -> str:
    """Return the document with what is open at its end closed, or left out while nobody can read it."""
    if fence := _open_fence(markdown):
        # A closing fence that has begun is no line of code.
        line = markdown.rfind("\n") + 1
        is_closing = line and fence.lstrip(" \t>").startswith(markdown[line:].strip() or " ")
        return markdown[:line] if is_closing else markdown
    markdown = _PARTIAL_LINE.sub("\n", markdown.rstrip(" "))
    start = max(markdown.rfind("\n\n") + 2, 0) if "\n\n" in markdown else 0
    last = markdown[start:]
    last = _PARTIAL_TAG.sub("", _PARTIAL_LINK.sub(lambda found: found["label"], last))
    return markdown[:start] + _closed(last)


def _open_fence(markdown: str) -> str:
    """Return the line that begins the code block at the end of the document, "" when there is none."""
    if "```" not in markdown and "~~~" not in markdown:
        return ""
    opened: re.Match[str] | None = None
    for found in _FENCE.finditer(markdown):
        if opened is None:
            opened = found
        elif found["mark"].startswith(opened["mark"]) and not found["info"].strip():
            opened = None
    return opened[0] if opened is not None else ""


def _closed(paragraph: str) -> str:
    """Close code, bold, italic and struck text that is open, innermost first."""
    opened: list[str] = []
    for found in _MARK.finditer(paragraph):
        mark = found[0]
        in_code = bool(opened) and opened[-1].startswith("`")
        if mark.startswith("\\") or (in_code and mark != opened[-1]):
            continue
        if opened and opened[-1] == mark:
            opened.pop()
        elif _opens(paragraph, found.end()):
            opened.append(mark)
    bare = paragraph.rstrip()
    if opened and bare.endswith(opened[-1]):
        return bare.removesuffix(opened.pop()).rstrip() + "".join(reversed(opened))
    return bare + "".join(reversed(opened)) if opened else paragraph


def _opens(text: str, position: int) -> bool:
    """Tell whether a mark may begin something: what follows is no space. At the end nobody knows yet."""
    return position == len(text) or not text[position].isspace()
