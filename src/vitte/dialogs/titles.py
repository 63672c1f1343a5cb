"""Naming dialogs."""

import re

import structlog

from vitte.clients.llm.protocol import ChatMessage, LlmError
from vitte.db.transaction import Transaction
from vitte.dialogs.repository import DialogRepository
from vitte.usage.background import BackgroundModel
from vitte.usage.errors import LimitReachedError

logger = structlog.get_logger(__name__)

MAX_TITLE = 64
"""Longest title, in characters: it has to fit a button."""
_MAX_QUOTED = 500
_MAX_TOKENS = 16
_INSTRUCTION = (
    "Give the conversation below a title of at most five words, in its own language. "
    "Answer with the title alone."
)


class TitleService:
    """Gives a dialog its title once it has begun."""

    def __init__(self, transaction: Transaction, dialogs: DialogRepository, model: BackgroundModel) -> None:
        self._transaction = transaction
        self._dialogs = dialogs
        self._model = model

    async def give_title(self, dialog_id: int) -> None:
        """Name the dialog by what it is about; one that has a name, or no messages, stays as it is."""
        async with self._transaction:
            title, owner = await self._dialogs.title_and_owner(dialog_id)
            messages = [] if title else await self._dialogs.first_messages(dialog_id, limit=2)
        if not messages or owner is None:
            return
        question = messages[0][1]
        try:
            title = clean_title(await self._ask(messages, owner))
        except (LlmError, LimitReachedError) as error:
            # A model that is away, or too dear, must not leave a dialog without a name.
            logger.warning("title_by_model_failed", dialog_id=dialog_id, code=error.code)
            title = ""
        async with self._transaction:
            await self._dialogs.set_title(dialog_id, title or clean_title(question) or "…")

    async def _ask(self, messages: list[tuple[str, str]], owner: int) -> str:
        quoted = "\n".join(f"{role}: {text[:_MAX_QUOTED]}" for role, text in messages)
        asked = [ChatMessage("system", _INSTRUCTION), ChatMessage("user", quoted)]
        return await self._model.ask(asked, user_id=owner, kind="title", max_tokens=_MAX_TOKENS)


def clean_title(text: str) -> str:
    """Return the first line of `text` without quotes, markup and label, cut at a word to MAX_TITLE."""
    line = next((line for line in text.strip().splitlines() if line.strip()), "")
    line = re.sub(r"^\W*(?:title|название)\s*:", "", line, flags=re.IGNORECASE)
    line = " ".join(line.strip(" \t\"'«»“”*#_`.").split())
    if len(line) <= MAX_TITLE:
        return line
    return line[: MAX_TITLE - 1].rsplit(" ", 1)[0].rstrip() + "…"
