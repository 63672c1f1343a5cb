"""Hearing and speaking at endpoints like OpenAI's.

https://platform.openai.com/docs/api-reference/audio
"""

import aiohttp
import orjson

from vitte.clients.endpoint.endpoint import Endpoint
from vitte.clients.endpoint.failures import Errors, Refusal
from vitte.clients.endpoint.timing import counted
from vitte.clients.speech.protocol import (
    SpeechError,
    SpeechMisconfiguredError,
    SpeechOverloadedError,
    SpeechRefusedInputError,
    SpeechTimeoutError,
    SpeechUnavailableError,
    Transcript,
)
from vitte.core.settings.endpoints import SpeechSettings

SPEECH_ERRORS = Errors(
    unavailable=SpeechUnavailableError,
    overloaded=SpeechOverloadedError,
    misconfigured=SpeechMisconfiguredError,
    timeout=SpeechTimeoutError,
)
_MOST_TRANSCRIBED = 2_000_000
_MOST_SPOKEN = 50_000_000
# A file is known by the end of its name; Telegram's voice messages are OGG with Opus.
_ENDINGS = {
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "mp4",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/webm": "webm",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
# "Invalid file format", "The audio file could not be decoded", "Audio file is too short" ...
_OF_RECORDINGS = ("audio", "file", "decode", "format", "duration")
# "Input should have at most 4096 characters", "input is too long" ...
_OF_TEXTS = ("input", "too long", "length", "characters")


class OpenAICompatibleHearing:
    """Writes down recordings."""

    def __init__(self, endpoint: Endpoint, settings: SpeechSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings

    @property
    def model(self) -> str:
        """The model's name; empty when the owner has set none, and nothing can be heard."""
        return self._settings.model

    async def transcribe(self, audio: bytes, *, mime_type: str, language: str | None) -> Transcript:
        """Return what is said in a recording; `language` (ISO 639-1) helps where it is known.

        Raises SpeechError.
        """
        settings = self._settings
        if not settings.model:
            raise SpeechMisconfiguredError("no model is set")
        if not audio or len(audio) > settings.most_bytes:
            raise SpeechRefusedInputError(f"a recording of {len(audio)} bytes")
        kind = mime_type.partition(";")[0].strip().lower()
        ending = _ENDINGS.get(kind, "ogg")

        def form() -> aiohttp.FormData:
            fields = aiohttp.FormData()
            fields.add_field("file", audio, filename=f"recording.{ending}", content_type=kind or "audio/ogg")
            fields.add_field("model", settings.model)
            # The newer models know no other format that tells the length.
            fields.add_field("response_format", "json")
            if language:
                fields.add_field("language", language.partition("-")[0].lower())
            return fields

        with counted("transcription", settings.model):
            content = await self._endpoint.fetch(
                "/audio/transcriptions",
                form,
                errors=SPEECH_ERRORS,
                explain=_refused_recording,
                within=settings.timeout,
                most_bytes=_MOST_TRANSCRIBED,
            )
            return _transcript(content)


class OpenAICompatibleVoice:
    """Speaks."""

    def __init__(self, endpoint: Endpoint, settings: SpeechSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings

    @property
    def model(self) -> str:
        """The model's name; empty when the owner has set none, and nothing can be said."""
        return self._settings.voice_model

    async def speak(self, text: str, *, language: str | None) -> bytes:
        """Return the text as speech, in OGG with Opus. Raises SpeechError."""
        settings = self._settings
        if not settings.voice_model:
            raise SpeechMisconfiguredError("no model is set")
        if not text.strip() or len(text) > settings.most_characters:
            raise SpeechRefusedInputError(f"a text of {len(text)} characters")
        spoken = (language or "").partition("-")[0].lower()
        body = {
            "model": settings.voice_model,
            "input": text,
            "voice": settings.voices.get(spoken, settings.voice),
            "response_format": "opus",
        }
        with counted("speech", settings.voice_model):
            audio = await self._endpoint.fetch(
                "/audio/speech",
                orjson.dumps(body),
                errors=SPEECH_ERRORS,
                explain=_refused_text,
                within=settings.timeout,
                most_bytes=_MOST_SPOKEN,
                headers={"Content-Type": "application/json"},
            )
            # Some servers send WAV whatever they are asked for, and Telegram would take it for a file.
            if not (audio.startswith(b"OggS") and b"OpusHead" in audio[:100]):
                raise SpeechMisconfiguredError("what came is not OGG with Opus")
            return audio


def _transcript(content: bytes) -> Transcript:
    try:
        told = orjson.loads(content)
        text = told["text"]
        usage = told.get("usage") or {}
        seconds = told.get("duration", usage.get("seconds"))
        return Transcript(
            text=str(text or "").replace("\0", "").strip(),
            seconds=None if seconds is None else float(seconds),
        )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        raise SpeechMisconfiguredError("what came is no transcript") from None


def _refused_recording(refusal: Refusal) -> SpeechError | None:
    return _refused(refusal, _OF_RECORDINGS)


def _refused_text(refusal: Refusal) -> SpeechError | None:
    return _refused(refusal, _OF_TEXTS)


def _refused(refusal: Refusal, words: tuple[str, ...]) -> SpeechError | None:
    is_of_input = refusal.status in (400, 415, 422) and any(word in refusal.reason.lower() for word in words)
    if refusal.status == 413 or is_of_input:
        return SpeechRefusedInputError(f"status {refusal.status}: {refusal.reason}")
    return None
