"""What people see of the Markdown that models write."""

import pytest

from vitte.bot.formatting import draft_piece, message_pieces

Shown = list[tuple[str, str]]


def shown(markdown: str) -> tuple[str, Shown]:
    """Return the text of the one message, and of each entity its kind (with what it carries) and its text."""
    (piece,) = message_pieces(markdown)
    units = piece.text.encode("utf-16-le")
    return piece.text, [
        (
            ":".join(filter(None, (entity.type, entity.url or entity.language))),
            units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le"),
        )
        for entity in piece.entities
    ]


@pytest.mark.parametrize(
    ("markdown", "text", "entities"),
    [
        ("plain", "plain", []),
        (
            "**b** *i* ~~s~~ `c`",
            "b i s c",
            [("bold", "b"), ("italic", "i"), ("strikethrough", "s"), ("code", "c")],
        ),
        ("**b _both_**", "b both", [("bold", "b both"), ("italic", "both")]),
        ("**b `c` b**", "b c b", [("bold", "b"), ("code", "c"), ("bold", "b")]),
        ("😀 **b**", "😀 b", [("bold", "b")]),
        ("# Title\nText", "Title\nText", [("bold", "Title")]),
        ("# **Title**\n\nText", "Title\n\nText", [("bold", "Title")]),
        ("one\ntwo", "one\ntwo", []),
        ("about ~5 to ~7", "about ~5 to ~7", []),
        ("```py\na = 1\n\n  b\n```", "a = 1\n\n  b", [("pre:py", "a = 1\n\n  b")]),
        ("```\n  a\n```", "  a", [("pre", "  a")]),
        ("```go\n\tx\n```", "    x", [("pre:go", "    x")]),
        ("```\nleft open", "left open", [("pre", "left open")]),
        ("``` a sentence\nx\n```", "a sentence\nx", [("pre", "x")]),
        ("> a\n> **b**\n>> c\n\nd", "a\nb\nc\n\nd", [("blockquote", "a\nb\nc"), ("bold", "b")]),
        ("- a\n  - b\n    - c\n- d", "• a\n  ◦ b\n    ▪ c\n• d", []),
        ("3. a\n4. b", "3. a\n4. b", []),
        ("- [ ] a\n- [x] b", "☐ a\n☑ b", []),
        ("- a\n  ```\n  x\n  ```", "• a\nx", [("pre", "x")]),
        ("a\n\n---\n\nb", "a\n\n———\n\nb", []),
        ("<b>a</b> <u>b</u> <x>c</x>", "a b <x>c</x>", [("bold", "a"), ("underline", "b")]),
        ("a<br>b", "a\nb", []),
        ("<b>open", "<b>open", []),
        ("<script>x</script>", "<script>x</script>", []),
        ("a\x00b\u202ec\ud83d", "a b c\ufffd", []),
        ("A\u030a", "Å", []),
        ("***", "———", []),
        ("\u200b", "…", []),
        ("", "…", []),
    ],
)
def test_markup_becomes_what_it_means(markdown: str, text: str, entities: Shown) -> None:
    assert shown(markdown) == (text, entities)


@pytest.mark.parametrize(
    ("markdown", "text", "entities"),
    [
        ("[a](https://x.org/b)", "a", [("text_link:https://x.org/b", "a")]),
        ("[`a`](https://x.org/)", "a", [("text_link:https://x.org/", "a")]),
        ("[a](tg://user?id=42)", "a", [("text_link:tg://user?id=42", "a")]),
        ("[a](www.x.org)", "a", [("text_link:https://www.x.org", "a")]),
        ("https://x.org/a_b_c", "https://x.org/a_b_c", []),
        ("[https://x.org](https://x.org)", "https://x.org", []),
        ("[a](mailto:b@x.org)", "a (b@x.org)", []),
        ("<b@x.org>", "b@x.org", []),
        ("[a](javascript:b)", "a (javascript:b)", []),
        ("[a](tg://resolve?domain=b)", "a (tg://resolve?domain=b)", [("code", "tg://resolve?domain=b)")]),
        ("go tg://join?invite=b", "go tg://join?invite=b", [("code", "tg://join?invite=b")]),
        ("t*g*://join?invite=b", "tg://join?invite=b", [("code", "tg://join?invite=b")]),
        ("[a](https://localhost)", "a (https://localhost)", []),
        ("[a](#b)", "a", []),
        ("![a](https://x.org/b.png)", "🖼 a", [("text_link:https://x.org/b.png", "🖼 a")]),
        ("[](https://x.org/)", "https://x.org/", []),
        (
            "see [1]\n\n[1]: https://x.org",
            "see 1\n\n[1]: https://x.org",
            [("text_link:https://x.org", "1")],
        ),
    ],
)
def test_only_links_of_the_web_and_of_people_can_be_clicked(
    markdown: str, text: str, entities: Shown
) -> None:
    assert shown(markdown) == (text, entities)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("$x^2 + y_1 \\leq z$", "x² + y₁ ≤ z"),
        ("a\n\n$$\\frac{a}{b}$$\n\nb", "a\n\na/b\n\nb"),
        ("\\(a^2\\) and \\[b^2\\] c", "a² and \nb²\nc"),
        ("$x = \\sqrt{b^2 - 4ac}$ and $\\sqrt[n]{2}$", "x = √(b² - 4ac) and ⁿ√2"),
        ("$5 and $10", "$5 and $10"),
        ("$5.5-$7 and **$8**", "$5.5-$7 and $8"),
        ("`\\(a^2\\)`", "\\(a^2\\)"),
        ("$\\unknown{a}$", "\\unknown{a}"),
        ("$x^{2$", "$x^{2$"),
    ],
)
def test_formulas_are_readable_and_prices_are_none(markdown: str, text: str) -> None:
    assert shown(markdown)[0] == text


def test_a_narrow_table_is_aligned_and_a_wide_one_is_read_row_by_row() -> None:
    narrow = "| Город | T |\n|---|--:|\n| Москва | **-5** |\n| 東京 | 7 |"
    aligned = "Город  │ T\n───────┼───\nМосква │ -5\n東京   │ 7"
    assert shown(narrow) == (aligned, [("pre", aligned)])
    wide = "| N | About | Link |\n|-|-|-|\n| A | " + "long " * 9 + "| [x](https://x.org) |\n| B | | no |"
    assert shown(wide) == (
        f"N: A\n• About: {'long ' * 8}long\n• Link: x\n\nN: B\n• Link: no",
        [("bold", "N: A"), ("text_link:https://x.org", "x"), ("bold", "N: B")],
    )
    pairs = "| Command | Meaning |\n|-|-|\n| `ls` | " + "lists " * 8 + "|"
    assert shown(pairs)[0] == f"• Command — Meaning\n• ls — {'lists ' * 7}lists"
    assert "surplus" in shown("| a |\n|-|\n| b | surplus |")[0]


@pytest.mark.parametrize(
    ("growing", "text", "kinds"),
    [
        ("**bold so f", "bold so f", ["bold"]),
        ("**", None, []),
        ("a **", "a", []),
        ("a **b *c", "a b c", ["bold", "italic"]),
        ("a *b*", "a b", ["italic"]),
        ("`code so f", "code so f", ["code"]),
        ("see [label](https://exa", "see label", []),
        ("see [lab", "see lab", []),
        ("```python\nx = 1", "x = 1", ["pre"]),
        ("```python\nx = 1\n``", "x = 1", ["pre"]),
        ("a\n``", "a", []),
        ("a\n- ", "a", []),
        ("a\n##", "a", []),
        ("a\n\n| b | c |\n|--", "a\n\n| b | c |", []),
        ("5 * 3 and 2 * 2", "5 * 3 and 2 * 2", []),
        ("done **b**", "done b", ["bold"]),
        ("tag <b", "tag", []),
    ],
)
def test_what_is_not_finished_is_shown_without_its_open_ends(
    growing: str, text: str | None, kinds: list[str]
) -> None:
    piece = draft_piece(growing)
    assert (piece and piece.text) == text
    assert [entity.type for entity in (piece.entities if piece else [])] == kinds


def test_a_status_stands_below_the_answer_so_far() -> None:
    piece = draft_piece("**so far**", status="🔎 Searching")
    assert piece is not None
    assert piece.text == "so far\n\n🔎 Searching"
    assert [(entity.type, entity.offset, entity.length) for entity in piece.entities] == [
        ("bold", 0, 6),
        ("italic", 8, 12),
    ]
    alone = draft_piece("", status="🔎 Searching")
    assert alone is not None
    assert alone.text == "🔎 Searching"


def test_a_long_draft_shows_its_end_and_knows_that_it_is_in_code() -> None:
    piece = draft_piece("Intro\n```python\n" + "line = 1\n" * 2000 + "the_end")
    assert piece is not None
    assert piece.text.endswith("the_end")
    assert "Intro" not in piece.text
    (entity,) = piece.entities
    assert (entity.type, entity.language, entity.offset) == ("pre", "python", 0)


@pytest.mark.parametrize("name", ["RuntimeError", "PanicException"])
def test_an_answer_that_cannot_be_formatted_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    error = type(name, (RuntimeError if name == "RuntimeError" else BaseException,), {})

    def fail(*_: object, **__: object) -> None:
        raise error("fault")

    monkeypatch.setattr("pyromark.events_with_range", fail)
    assert shown(" **bold**\x00 ") == ("**bold**", [])
    piece = draft_piece("**bold")
    assert piece is not None
    assert piece.text == "**bold**"
