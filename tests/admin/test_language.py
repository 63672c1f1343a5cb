"""The language of the panel."""

import aiohttp
import pytest

from vitte.admin.language import best_language


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de-DE,de;q=0.9,ru;q=0.5,en;q=0.3", "ru"),
        ("en;q=0.3,ru;q=0.5", "ru"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("fr-FR", "en"),
        ("", "en"),
        ("*", "en"),
        ("ru;q=0,en;q=0.1", "en"),
        (";;;q=x,,\x00", "en"),
    ],
)
def test_the_best_language_is_chosen(wanted: str, language: str) -> None:
    assert best_language(wanted) == language


async def test_the_panel_speaks_the_browsers_language(visitor: aiohttp.ClientSession) -> None:
    for wanted, word in (("ru-RU,ru;q=0.9", "Пароль"), ("en-GB,en;q=0.9", "Password")):
        async with visitor.get("/admin/login", headers={"Accept-Language": wanted}) as answer:
            assert word in await answer.text()
