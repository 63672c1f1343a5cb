"""What a server's tool is called before a model."""

import hashlib
import re

_OTHER = re.compile(r"[^a-zA-Z0-9_-]+")
_MOST = 64
"""Characters that providers take; letters, digits, `_` and `-`:
https://platform.openai.com/docs/api-reference/chat/create ."""
_HASH = 8


def tool_name(server: str, tool: str) -> str:
    """Return `<server>__<tool>`; a name that had to be changed for it keeps apart from all others."""
    name = f"{server}__{_OTHER.sub('_', tool)}"
    if len(name) <= _MOST and name == f"{server}__{tool}":
        return name
    mark = hashlib.sha256(tool.encode()).hexdigest()[:_HASH]
    return f"{name[: _MOST - _HASH - 1]}_{mark}"
