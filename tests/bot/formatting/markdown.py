"""Strategies of what models write when they write it badly, with the words that must arrive."""

from hypothesis import strategies as st

from tests.bot.formatting.words import WORDS

SCHEMES = (
    *(
        "https://example.com/a?b=c#d",
        "http://xn--e1afmkfd.xn--p1ai",
        "https://пример.рф/путь",
        "www.example.org",
    ),
    *(
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html;base64,PHA+",
        "vbscript:x",
        "file:///etc/passwd",
    ),
    *(
        "tg://resolve?domain=evil",
        "TG://join?invite=x",
        "ton://transfer/x",
        "tonsite://x.ton",
        "ftp://example.com/x",
    ),
    *("tg://user?id=42", "tg://user?id=42&x=1", "tg://user?id=", "mailto:anna@example.com", "mailto:nobody"),
    *(
        "https://",
        "https://localhost",
        "https://u:p@example.com",
        "https://example.com:99999/",
        "//example.com",
    ),
    *(
        "https://example.com/(a(b)c)",
        "https://exa mple.com",
        "http://[::1]/",
        "/relative",
        "#anchor",
        "",
        " ",
    ),
    *("https://example.com/" + "x" * 3000, "xhttp://example.com", "1https://example.com/y", "tg:resolve"),
)
_MARKS = (
    "*",
    "**",
    "***",
    "_",
    "__",
    "~",
    "~~",
    "`",
    "``",
    "||",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\\",
    "[",
    "](",
)
_LETTERS = (
    *(
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇷🇺🇩🇪",
        "👍🏽",
        "e\u0301",
        "a\u030a",
        "\u0336\u0336",
        "שלום",
        "\u202eабв\u202c",
        "مرحبا",
    ),
    *(
        "\u200d",
        "\u200b",
        "\x00",
        "\x1b[31m",
        "\ufeff",
        "\ud83d",
        "\u2028",
        "\u00a0",
        "\u2800",
        "\r",
        "\t",
        "\x0b",
        "漢字",
    ),
)
_TAGS = (
    *(
        "<script>",
        "</script>",
        '<a href="tg://resolve?domain=x">',
        "</a>",
        "<b>",
        "</b>",
        "<u>",
        "</u>",
        "<br>",
        "<br/>",
    ),
    *(
        "<!--",
        "-->",
        "<details>",
        "<![CDATA[",
        "&lt;",
        "&#0;",
        "&nbsp;",
        "<",
        ">",
        "<i><b></i></b>",
        "<https://x.y>",
    ),
)
_OPENERS = (
    "# ",
    "###### ",
    "> ",
    ">>> ",
    "- ",
    "- [ ] ",
    "- [x] ",
    "1. ",
    "999999999. ",
    "    ",
    "\t",
    "---\n",
    "===\n",
    "| ",
)
_FENCES = ("```", "```python", "~~~", "````markdown", "``` {.x #y}", "```a b c", "> ```js", "  ```", "- ```")

words = st.sampled_from(WORDS)
links = st.builds("{}[{}]({})".format, st.sampled_from(("", "!")), words, st.sampled_from(SCHEMES))
definitions = st.builds("\n\n[{}]: {}\n\n".format, words, st.sampled_from(SCHEMES))
inline = st.one_of(
    words,
    st.builds("{0}{1}{0}".format, st.sampled_from(_MARKS), words),
    *(st.sampled_from(parts) for parts in (_MARKS, _LETTERS, _TAGS, SCHEMES)),
    links,
    st.builds("[{0}][{0}]".format, words),
    st.builds("<{}>".format, st.sampled_from(SCHEMES)),
)
lines = st.lists(inline, max_size=8).map(" ".join)
glued = st.lists(inline, max_size=8).map("".join)
tables = st.lists(st.lists(st.one_of(words, inline), max_size=6).map(" | ".join), min_size=1, max_size=6).map(
    lambda rows: "\n".join(["", f"| {rows[0]} |", "|" + "---|" * (rows[0].count("|") + 1), *rows[1:], ""])
)
fences = st.builds(
    "{}\n{}\n{}".format, st.sampled_from(_FENCES), lines, st.sampled_from((*_FENCES, "", "```"))
)
nested = st.builds(
    lambda opener, depth, line: opener * depth + line, st.sampled_from(_OPENERS), st.integers(1, 60), lines
)
blocks = st.one_of(
    lines,
    glued,
    tables,
    fences,
    nested,
    definitions,
    st.builds("{}{}".format, st.sampled_from(_OPENERS), lines),
)
repeated = st.builds(
    lambda block, times, end: (block + end) * times,
    blocks,
    st.sampled_from((40, 300)),
    st.sampled_from(("", " ", "\n", "\n\n")),
).map(lambda text: text[:7_000])
documents = st.one_of(
    st.builds(
        lambda parts, end: end.join(parts),
        st.lists(blocks, min_size=1, max_size=12),
        st.sampled_from(("\n", "\n\n")),
    ),
    st.builds("{}\n\n{}\n\n{}".format, blocks, repeated, blocks),
    st.text(max_size=200),
)
