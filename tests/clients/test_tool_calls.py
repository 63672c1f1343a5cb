"""Tool calls are put together of what comes, whatever that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte.clients.llm.tool_calls import ToolCallCollector


def test_calls_without_arguments_stay_apart_when_nothing_but_their_names_tells_them() -> None:
    collector = ToolCallCollector()
    collector.add([{"index": 0, "function": {"name": "first"}}, {"index": 0, "function": {"name": "second"}}])
    assert [(call.name, call.arguments) for call in collector.take()] == [("first", "{}"), ("second", "{}")]


def test_a_name_in_every_piece_makes_no_second_call() -> None:
    collector = ToolCallCollector()
    for piece in ('{"a"', ": 1", "}"):
        collector.add([{"index": 0, "function": {"name": "tool", "arguments": piece}}])
    (call,) = collector.take()
    assert call.arguments == '{"a": 1}'


def test_arguments_may_come_as_an_object() -> None:
    collector = ToolCallCollector()
    collector.add([{"function": {"name": "tool", "arguments": {"a": 1}}}])
    assert collector.take()[0].arguments == '{"a":1}'


def test_what_never_got_a_name_is_no_call() -> None:
    collector = ToolCallCollector()
    collector.add([{"index": 0, "id": "1", "function": {"arguments": "{}"}}])
    assert collector.take() == ()


def test_a_call_is_given_once() -> None:
    collector = ToolCallCollector()
    collector.add([{"index": 0, "id": "1", "function": {"name": "tool", "arguments": "{}"}}])
    assert len(collector.take()) == 1
    assert collector.take() == ()


def test_a_second_call_under_the_number_of_the_first_is_known_by_its_id() -> None:
    collector = ToolCallCollector()
    collector.add([{"index": 0, "id": "a", "function": {"name": "tool", "arguments": '{"x"'}}])
    collector.add([{"index": 0, "id": "b", "function": {"name": "tool", "arguments": ""}}])
    collector.add([{"index": 0, "id": "a", "function": {"arguments": ": 1}"}}])
    collector.add([{"index": 0, "id": "b", "function": {"arguments": "{}"}}])
    assert [(call.id, call.arguments) for call in collector.take()] == [("a", '{"x": 1}'), ("b", "{}")]


@given(st.lists(st.integers(1, 9), max_size=6), st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_arguments_are_the_same_wherever_they_were_cut(cuts: list[int], arguments: list[str]) -> None:
    collector = ToolCallCollector()
    for index, text in enumerate(arguments):
        collector.add([{"index": index, "id": f"call_{index}", "function": {"name": "tool"}}])
        rest = text
        for cut in cuts:
            collector.add([{"index": index, "function": {"arguments": rest[:cut]}}])
            rest = rest[cut:]
        collector.add([{"index": index, "function": {"arguments": rest}}])
    expected = [text.replace("\0", "") or "{}" for text in arguments]
    assert [call.arguments for call in collector.take()] == expected


@pytest.mark.parametrize("piece", ["text", {"function": "text"}, 7])
def test_what_is_no_call_at_all_is_an_error_of_the_stream(piece: object) -> None:
    with pytest.raises((AttributeError, TypeError)):
        ToolCallCollector().add([piece])  # type: ignore[list-item]
