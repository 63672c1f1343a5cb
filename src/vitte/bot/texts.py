"""Texts for people, from gettext catalogues."""

from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO, StringIO

from babel.dates import format_date, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from vitte.core.errors import VitteError

LANGUAGES = ("en", "ru")
"""The first is for everybody whose language is not here."""


class Texts:
    """The texts of one language."""

    def __init__(self, language: str, catalogue: Translations) -> None:
        self.language = language
        self._catalogue = catalogue

    def get(self, key: str, **params: object) -> str:
        """Return a text with its placeholders filled; a time that has to pass becomes "in 5 hours".

        Raises KeyError for a key that is in no catalogue.
        """
        text = self._catalogue.gettext(key)
        if text == key:
            raise KeyError(f"no text {key!r} in {self.language!r}")
        if not params:
            return text
        return text.format(**{name: self._in_words(value) for name, value in params.items()})

    def number(self, value: int) -> str:
        """Return a number as people write it: with something between its thousands."""
        return _number(value, self.language)

    def date(self, moment: datetime) -> str:
        """Return a day as people write it, such as "6 May 2026"."""
        return _date(moment.date(), self.language)

    def of_error(self, error: VitteError) -> str:
        """Return what the person is told of an error."""
        return self.get(error.text_key, **error.params)

    def _in_words(self, value: object) -> object:
        if not isinstance(value, timedelta):
            return value
        # To the second: by the minute it would be rounded twice.
        return _in_time(int(value.total_seconds()), self.language)


# Babel takes ten microseconds and more for each, and many ask for the same ones.


@lru_cache(maxsize=4096)
def _number(value: int, language: str) -> str:
    return format_decimal(value, locale=language)


@lru_cache(maxsize=4096)
def _date(day: date, language: str) -> str:
    return format_date(day, format="long", locale=language)


@lru_cache(maxsize=4096)
def _in_time(seconds: int, language: str) -> str:
    return format_timedelta(
        timedelta(seconds=seconds), granularity="minute", add_direction=True, locale=language
    )


def texts_for(language_code: str | None) -> Texts:
    """Return the texts for an IETF language tag such as `ru` or `pt-BR`, or the default ones."""
    language = (language_code or "").lower().replace("_", "-").partition("-")[0]
    return _load(language if language in LANGUAGES else LANGUAGES[0])


@cache
def _load(language: str) -> Texts:
    # The catalogues are compiled here, a few milliseconds once, so that no build step can be forgotten.
    source = files("vitte.bot").joinpath("locales", language, "vitte.po").read_text("utf-8")
    compiled = BytesIO()
    write_mo(compiled, read_po(StringIO(source), locale=language))
    compiled.seek(0)
    return Texts(language, Translations(compiled))
