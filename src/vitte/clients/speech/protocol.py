"""What the product asks of those who hear and speak."""

from dataclasses import dataclass
from typing import Protocol

from vitte.core.errors import VitteError


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said. `seconds` is the recording's length, where the provider tells it."""

    text: str
    seconds: float | None = None


class SpeechToText(Protocol):
    """Writes down what it hears."""

    @property
    def model(self) -> str:
        """The model's name; empty when the owner has set none, and nothing can be heard."""
        ...

    async def transcribe(self, audio: bytes, *, mime_type: str, language: str | None) -> Transcript:
        """Return what is said in a recording; `language` (ISO 639-1) helps where it is known.

        Raises SpeechError.
        """
        ...


class TextToSpeech(Protocol):
    """Says what is written."""

    @property
    def model(self) -> str:
        """The model's name; empty when the owner has set none, and nothing can be said."""
        ...

    async def speak(self, text: str, *, language: str | None) -> bytes:
        """Return the text as speech, in OGG with Opus: what Telegram takes as a voice message.

        Raises SpeechError.
        """
        ...


class SpeechError(VitteError):
    """Nothing was heard or said."""

    code = "speech_failed"
    status = 502
    text_key = "error-speech-unavailable"


class SpeechUnavailableError(SpeechError):
    """The provider cannot be reached, or answers with a server error."""

    code = "speech_unavailable"


class SpeechOverloadedError(SpeechError):
    """The provider has too much to do, or our quota there is used up."""

    code = "speech_overloaded"
    status = 503
    text_key = "error-speech-overloaded"


class SpeechMisconfiguredError(SpeechError):
    """No model is set, or the provider refuses the call as it is. The owner has to act."""

    code = "speech_misconfigured"


class SpeechTimeoutError(SpeechError):
    """The provider took longer than it may."""

    code = "speech_timeout"
    status = 504
    text_key = "error-speech-timeout"


class SpeechRefusedInputError(SpeechError):
    """The recording or the text is too long, or the provider cannot read it."""

    code = "speech_refused_input"
    status = 422
    text_key = "error-speech-refused-input"
