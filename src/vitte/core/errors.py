"""The one shape of an expected error: a stable code, an HTTP status, and a text for the person."""

from datetime import timedelta
from typing import ClassVar


class VitteError(Exception):
    """An error that the product foresees. One handler per face turns it into a reply.

    `code` names it for machines and never changes; `status` is its HTTP status; `text_key` is the key
    of its sentence in the locale files, with `params` for the sentence's placeholders: a time that has to
    pass is put into the words of the language.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    text_key: ClassVar[str] = "error-internal"

    def __init__(self, message: str = "", **params: str | int | timedelta) -> None:
        super().__init__(message or self.code)
        self.params = params


class UnavailableError(VitteError):
    """A part that is needed does not answer just now."""

    code = "unavailable"
    status = 503
    text_key = "error-unavailable"
