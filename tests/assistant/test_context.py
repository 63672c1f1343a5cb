"""What a model is shown of a dialog."""

from vitte.assistant.context import shortened
from vitte.assistant.schemas import Said, Turn
from vitte.core.tokens import count_tokens

_SIZE = count_tokens("word " * 30)


def turn_of(*texts: str) -> Turn:
    said = [Said(role="user", text=text) for text in texts]
    return Turn(dialog_id=1, question_id=1, context=said, answer=None, is_stopped=False)


def test_a_persona_of_many_words_pushes_out_the_oldest_of_what_was_said_and_never_the_question() -> None:
    turn = turn_of("word " * 30, "word " * 30, "question")
    assert shortened(turn, 10_000) is turn
    shorter = shortened(turn, _SIZE + 20)
    assert [said.text for said in shorter.context] == ["word " * 30, "question"]
    # And the model is told.
    assert shorter.is_cut
    assert [said.text for said in shortened(turn, 1).context] == ["question"]
