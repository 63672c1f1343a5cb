"""Telegram's HTML: what becomes formatting, and the words of every refusal."""

import pytest

from vitte.sandbox.entities.format import format_text
from vitte.sandbox.errors import BotApiError

Shape = tuple[str, int, int]


def shapes(text: str) -> tuple[str, list[Shape]]:
    result = format_text(text, parse_mode="HTML", resolve_user=lambda user_id: {"id": user_id})
    return result.text, [(entity["type"], entity["offset"], entity["length"]) for entity in result.entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>b</b><strong>s</strong>", "bs", [("bold", 0, 2)]),
        ("<i>i</i> <em>e</em>", "i e", [("italic", 0, 1), ("italic", 2, 1)]),
        (
            "<u>u</u> <ins>n</ins> <s>s</s> <strike>t</strike> <del>d</del>",
            "u n s t d",
            [
                ("underline", 0, 1),
                ("underline", 2, 1),
                ("strikethrough", 4, 1),
                ("strikethrough", 6, 1),
                ("strikethrough", 8, 1),
            ],
        ),
        ('<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>', "ab", [("spoiler", 0, 2)]),
        ("<code>c</code> <pre>p</pre>", "c p", [("code", 0, 1), ("pre", 2, 1)]),
        ("<blockquote>q</blockquote>", "q", [("blockquote", 0, 1)]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1)]),
        ("<B>caps</B>", "caps", [("bold", 0, 4)]),
        ("<b>any end</>", "any end", [("bold", 0, 7)]),
        ("<b></b>x", "x", []),
        ("😀<b>я</b>", "😀я", [("bold", 2, 1)]),
        ("a &lt; b &gt; c &amp;&quot;", 'a < b > c &"', []),
        ("&#1103; &#x44F; &#128512; &unknown; &#0; &", "я я 😀 &unknown; &#0; &", []),
        ("&lt without semicolon", "< without semicolon", []),
        ("<b>out <i>in</i> out</b>", "out in out", [("bold", 0, 4), ("bold", 4, 6), ("italic", 4, 2)]),
        ("<b>b <code>c</code> b</b>", "b c b", [("bold", 0, 2), ("code", 2, 1), ("bold", 3, 2)]),
        ("<a href='https://a.bc'><b>t</b></a>", "t", [("text_link", 0, 1), ("bold", 0, 1)]),
        ("<b>  trailing  </b>\n\n", "  trailing", [("bold", 0, 10)]),
    ],
)
def test_marked_text_becomes_text_and_entities(source: str, text: str, entities: list[Shape]) -> None:
    assert shapes(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("ab <x>c", 'Unsupported start tag "x" at byte offset 3'),
        ("я <br/>", 'Unsupported start tag "br/" at byte offset 3'),
        ("<b>b", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>b</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a =x>y</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-emoji emoji-id="x">x</tg-emoji>', "Invalid custom emoji identifier specified"),
        (
            "&#xd83d;",
            (
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched "
                "surrogate code units"
            ),
        ),
    ],
)
def test_wrong_html_is_refused_in_telegrams_words(source: str, reason: str) -> None:
    with pytest.raises(BotApiError) as caught:
        shapes(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {reason}"


@pytest.mark.parametrize(
    "source",
    [
        '<pre><code class="language-python">x</code></pre>',
        '<code class="language-python"><pre>x</pre></code>',
    ],
)
def test_code_in_pre_keeps_its_language(source: str) -> None:
    result = format_text(source, parse_mode="HTML", resolve_user=lambda _: None)
    assert result.entities == [{"type": "pre", "offset": 0, "length": 1, "language": "python"}]


def test_language_of_lone_code_is_forgotten() -> None:
    result = format_text('<code class="language-c">x</code>', parse_mode="html", resolve_user=lambda _: None)
    assert result.entities == [{"type": "code", "offset": 0, "length": 1}]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://example.com/a?b=c&amp;d", "https://example.com/a?b=c&d"),
        ("EXAMPLE.com", "http://example.com/"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("javascript:alert(1)", None),
        ("ftp://example.com", None),
        ("nowhere", None),
        ("https://exa mple.com", None),
    ],
)
def test_only_addresses_that_telegram_takes_become_links(href: str, url: str | None) -> None:
    result = format_text(f'<a href="{href}">t</a>', parse_mode="HTML", resolve_user=lambda _: None)
    assert [entity["url"] for entity in result.entities] == ([url] if url else [])


def test_link_without_address_takes_its_text_for_one() -> None:
    result = format_text("<a>example.com/x</a>", parse_mode="HTML", resolve_user=lambda _: None)
    assert result.entities[0]["url"] == "http://example.com/x"


def test_mention_of_a_known_user_carries_the_user() -> None:
    source = '<a href="tg://user?id=7">Ann</a>'
    known = format_text(source, parse_mode="HTML", resolve_user=lambda user_id: {"id": user_id})
    assert known.entities == [{"type": "text_mention", "offset": 0, "length": 3, "user": {"id": 7}}]
    assert format_text(source, parse_mode="HTML", resolve_user=lambda _: None).entities == []


def test_date_and_custom_emoji_tags_become_entities() -> None:
    source = '<tg-time unix="1700000000" format="r">then</tg-time> <tg-emoji emoji-id="5">🙂</tg-emoji>'
    result = format_text(source, parse_mode="HTML", resolve_user=lambda _: None)
    assert result.entities == [
        {"type": "date_time", "offset": 0, "length": 4, "unix_time": 1700000000, "date_time_format": "r"},
        {"type": "custom_emoji", "offset": 5, "length": 2, "custom_emoji_id": "5"},
    ]
