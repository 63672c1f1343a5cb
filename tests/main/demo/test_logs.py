"""The end of a log, as a person reads it."""

import json

from vitte.main.demo.logs import readable


def test_json_lines_become_sentences_with_their_traceback() -> None:
    line = json.dumps(
        {
            "event": "startup_failed",
            "level": "error",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "logger": "vitte.main.bot",
            "host": "127.0.0.1",
            "exception": "Traceback:\n  ValueError: no",
        }
    )
    assert readable([line]) == [
        "03:04:05 error startup_failed host=127.0.0.1",
        "Traceback:",
        "  ValueError: no",
    ]


def test_what_is_not_a_log_event_stays_as_it_is() -> None:
    lines = ["Segmentation fault", "[1, 2]", '{"a": 1}', "{broken"]
    assert readable(lines) == lines


def test_only_the_end_is_shown() -> None:
    assert readable([str(n) for n in range(40)], last=2) == ["38", "39"]
