"""A reader of server-sent events, as small as the chat completions protocol allows.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation .
Only `data` fields are kept: chat completions name no events and use no ids.
"""

MAX_EVENT = 1 << 20
"""Longest event, in bytes; real ones are a few hundred."""


class EventTooLongError(ValueError):
    """The stream holds an event longer than MAX_EVENT: it is no event stream."""


class EventDecoder:
    """Turns a stream of bytes, cut anywhere, into the data of its events."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of every event that `piece` completes. Raises EventTooLongError."""
        buffer = self._rest + piece
        # A CR at the very end may be half of a CRLF: it waits for the next piece.
        held = b"\r" if buffer.endswith(b"\r") else b""
        text = buffer[: len(buffer) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT:
            raise EventTooLongError(f"an event is longer than {MAX_EVENT} bytes")
        return events

    def close(self) -> list[bytes]:
        """Return what the end of the stream completes: some servers omit the last blank line."""
        return self.feed(b"\n\n")
