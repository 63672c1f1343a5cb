"""Something to hear."""

import io
import wave

_RATE = 16_000


def a_moment_of_silence() -> bytes:
    """Return a second of silence as WAV, which everything that hears can read."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(_RATE)
        recording.writeframes(bytes(2 * _RATE))
    return file.getvalue()
