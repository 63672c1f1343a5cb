"""The panel's own texts: written in English, translated by a catalogue beside starlette-admin's."""

from importlib.resources import files
from io import BytesIO, StringIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from starlette_admin.i18n import translations

LANGUAGES = ("en", "ru")
"""The first is for everybody whose browser asks for neither."""

_DOMAIN = "admin"


def install_texts() -> None:
    """Add our translations to starlette-admin's, so that its `gettext` knows both."""
    source = files("vitte.admin").joinpath("locales", "ru", "admin.po").read_text("utf-8")
    compiled = BytesIO()
    write_mo(compiled, read_po(StringIO(source), locale="ru"))
    compiled.seek(0)
    catalogue = translations["ru"]
    assert isinstance(catalogue, Translations)  # noqa: S101 - starlette-admin ships its Russian catalogue
    catalogue.merge(Translations(compiled, domain=_DOMAIN))
