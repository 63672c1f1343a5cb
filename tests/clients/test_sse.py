"""The reader of event streams."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte.clients.llm.sse import MAX_EVENT, EventDecoder, EventTooLongError


def decode(*pieces: bytes) -> list[bytes]:
    decoder = EventDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\n\ndata: two\n\n", [b"one", b"two"]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", [b"one", b"two"]),
        (b"data: one\r\rdata: two\r\r", [b"one", b"two"]),
        (b"data:no space\n\n", [b"no space"]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b": a comment\n\nevent: named\nid: 7\ndata: one\n\n", [b"one"]),
        (b"data: first\ndata: second\n\n", [b"first\nsecond"]),
        (b"data: no end", [b"no end"]),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_every_way_of_writing_an_event_is_understood(stream: bytes, events: list[bytes]) -> None:
    assert decode(stream) == events


@given(st.lists(st.integers(0, 40)))
def test_an_answer_reads_the_same_wherever_the_network_cuts_it(cuts: list[int]) -> None:
    stream = 'data: {"a": "й"}\r\n\r\n: ping\n\ndata: x\n\ndata: [DONE]\n\n'.encode()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    assert decode(*pieces) == ['{"a": "й"}'.encode(), b"x", b"[DONE]"]


def test_a_stream_without_line_ends_cannot_fill_the_memory() -> None:
    decoder = EventDecoder()
    decoder.feed(b"x" * MAX_EVENT)
    with pytest.raises(EventTooLongError):
        decoder.feed(b"x")
