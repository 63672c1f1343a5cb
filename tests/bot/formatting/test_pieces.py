"""Long answers are cut where a reader would cut them, with what they look like."""

from vitte.bot.formatting import message_pieces
from vitte.bot.splitting import MAX_MESSAGE, utf16_length


def test_a_code_block_that_is_cut_goes_on_in_its_language_and_at_a_line() -> None:
    code = "\n".join(f"    line {number}" for number in range(900))
    pieces = message_pieces(f"Intro\n\n```python\n{code}\n```\n\nEnd")
    assert len(pieces) > 2
    assert all([entity.language for entity in piece.entities] == ["python"] for piece in pieces)
    assert pieces[1].entities[0].offset == 0
    assert pieces[1].text.startswith("    line ")
    assert pieces[-1].text.endswith("\n\nEnd")
    listed = [line for piece in pieces for line in piece.text.split("\n") if line.startswith("    ")]
    assert listed == code.split("\n")


def test_a_code_block_that_fits_is_not_cut() -> None:
    pieces = message_pieces("word " * 600 + "\n\n```\n" + "code line\n" * 150 + "```")
    assert [len(piece.entities) for piece in pieces] == [0, 1]
    assert pieces[1].text.count("code line") == 150


def test_bold_that_is_cut_goes_on_in_the_next_message() -> None:
    first, second = message_pieces("**" + "words " * 800 + "end**")
    for piece in (first, second):
        (entity,) = piece.entities
        assert (entity.type, entity.offset, entity.length) == ("bold", 0, len(piece.text))


def test_a_message_has_no_more_entities_and_links_than_telegram_keeps() -> None:
    terms = message_pieces("\n".join(f"- **term {number}**" for number in range(200)))
    assert len(terms) == 3
    assert sum(len(piece.entities) for piece in terms) == 200
    link = "[x](https://example.com/" + "a" * 900 + ")\n\n"
    pieces = message_pieces(link * 20)
    assert all(sum(len(entity.url or "") for entity in piece.entities) < 9000 for piece in pieces)
    assert sum(len(piece.entities) for piece in pieces) == 20


def test_very_many_styles_make_no_flood_of_messages_and_cost_no_link() -> None:
    pieces = message_pieces("**a** `b` *c* " * 2000 + "[d](https://example.com) " * 200)
    assert all(len(piece.entities) <= 100 for piece in pieces)
    assert len(pieces) < 20
    assert sum(entity.type == "text_link" for piece in pieces for entity in piece.entities) == 200


def test_emoji_flags_and_accents_are_not_torn() -> None:
    for letter in ("👨‍👩‍👧‍👦", "🇷🇺", "👍🏽", "e\u0301", "❤️"):
        for shift in range(4):
            pieces = message_pieces("x" * shift + letter * 3000)
            assert all(utf16_length(piece.text) <= MAX_MESSAGE for piece in pieces)
            for piece in pieces:
                assert set(piece.text.lstrip("x").split(letter)) == {""}


def test_a_notice_stands_below_the_answer_as_it_is() -> None:
    (piece,) = message_pieces("```\ncut", notice="⚠️ *Cut*")
    assert piece.text == "cut\n\n⚠️ *Cut*"
    assert [entity.type for entity in piece.entities] == ["pre"]
