"""What the sandbox answers when it refuses, to bots and to people."""

from typing import Any


class BotApiError(Exception):
    """A Bot API call is refused with this HTTP status and, word for word, Telegram's description."""

    def __init__(self, status: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """Return the JSON object a bot gets."""
        body: dict[str, Any] = {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
        }
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad_request(reason: str) -> BotApiError:
    """Return the refusal of a wrong request; the first letter is lowered as Telegram's server does."""
    return BotApiError(400, f"Bad Request: {_lower_first(reason)}")


def forbidden(reason: str) -> BotApiError:
    """Return the refusal of what the bot may not do."""
    return BotApiError(403, f"Forbidden: {_lower_first(reason)}")


def conflict(reason: str) -> BotApiError:
    """Return the refusal of a second receiver of updates."""
    return BotApiError(409, f"Conflict: {reason}")


def too_many_requests(retry_after: int) -> BotApiError:
    """Return the refusal of a call that came too early; `retry_after` is in seconds."""
    return BotApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def _lower_first(reason: str) -> str:
    # Names of server errors (BUTTON_DATA_INVALID) stay as they are.
    if len(reason) > 1 and (reason[1] == "_" or reason[1].isupper()):
        return reason
    return reason[:1].lower() + reason[1:]


class PeopleApiError(Exception):
    """A request of the people or control side is refused with this HTTP status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
