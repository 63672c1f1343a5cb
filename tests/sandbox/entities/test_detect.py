"""What becomes clickable in a plain text by itself."""

import pytest

from vitte.sandbox.entities.detect import find_entities


def found(text: str) -> list[tuple[str, str]]:
    units = text.encode("utf-16-le")
    return [
        (entity.type, units[2 * entity.offset : 2 * entity.end].decode("utf-16-le"))
        for entity in find_entities(text)
    ]


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("/start", [("bot_command", "/start")]),
        ("/start@vitte_bot now", [("bot_command", "/start@vitte_bot")]),
        ("go /help, please", [("bot_command", "/help")]),
        ("and/or 1/2 /a/b </b>", []),
        ("hi @anna and me@anna", [("mention", "@anna")]),
        ("@a", []),
        ("see https://example.com/a_(b)?c=d#e.", [("url", "https://example.com/a_(b)?c=d#e")]),
        ("(https://example.com/x)", [("url", "https://example.com/x")]),
        ("example.com, sub.example.org:8080/x", [("url", "example.com"), ("url", "sub.example.org:8080/x")]),
        ("file.txt v1.2 e.g. main.py", [("url", "main.py")]),
        ("президент.рф", [("url", "президент.рф")]),
        ("10.0.0.1 and 999.1.1.1", [("url", "10.0.0.1")]),
        ("https://localhost:8080", []),
        ("write to a.b@example.com!", [("email", "a.b@example.com")]),
        ("#tag #1 #тег_2 a#b", [("hashtag", "#tag"), ("hashtag", "#тег_2")]),
        ("$USD $usd A$USD", [("cashtag", "$USD")]),
        ("tg://resolve?domain=x.", [("url", "tg://resolve?domain=x")]),
        ("😀 t.me/x 😀 /go", [("url", "t.me/x"), ("bot_command", "/go")]),
        ("ftp://a.com sftp.", [("url", "ftp://a.com")]),
    ],
)
def test_addresses_commands_and_tags_are_found(text: str, entities: list[tuple[str, str]]) -> None:
    assert found(text) == entities
