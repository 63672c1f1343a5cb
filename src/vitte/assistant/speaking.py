"""Answers that are read aloud, and questions that are spoken."""

from decimal import Decimal

from vitte.assistant.metrics import SPOKEN
from vitte.clients.speech.protocol import SpeechError, SpeechToText, TextToSpeech
from vitte.core.settings.endpoints import SpeechSettings
from vitte.core.tokens import count_tokens
from vitte.usage.meter import Meter
from vitte.users.schemas import Person

_TOKENS_A_SECOND = 3
"""Of speech, where nobody tells: people say two to three words in one."""
_MILLION = 1_000_000


class SpeakingService:
    """Turns answers into voice messages. What that costs counts against the limits as any call does."""

    def __init__(self, voice: TextToSpeech, meter: Meter, settings: SpeechSettings) -> None:
        self._voice = voice
        self._meter = meter
        self._settings = settings

    @property
    def is_possible(self) -> bool:
        """Whether the owner has set up a voice."""
        return bool(self._voice.model)

    async def speak(self, person: Person, text: str) -> bytes:
        """Return the beginning of a text as OGG with Opus. Raises SpeechError or LimitReachedError."""
        text = text[: self._settings.most_characters]
        price = Decimal(str(self._settings.voice_price))
        try:
            async with self._meter.call(
                user_id=person.id,
                kind="speaking",
                model=self._voice.model,
                tokens=count_tokens(text),
                dollars=price * len(text) / _MILLION,
            ):
                spoken = await self._voice.speak(text, language=person.language_code)
        except SpeechError as error:
            SPOKEN.labels(error.code).inc()
            raise
        SPOKEN.labels("complete").inc()
        return spoken


class HearingService:
    """Writes down what people say. What that costs counts against the limits as any call does."""

    def __init__(self, hearing: SpeechToText, meter: Meter, settings: SpeechSettings) -> None:
        self._hearing = hearing
        self._meter = meter
        self._settings = settings

    @property
    def is_possible(self) -> bool:
        """Whether the owner has set up somebody who hears."""
        return bool(self._hearing.model)

    async def hear(self, user_id: int, recording: bytes, *, mime_type: str, seconds: float) -> str:
        """Return what is said in a recording of so many seconds; nothing if there is not a word in it.

        Raises SpeechError or LimitReachedError.
        """
        async with self._meter.call(
            user_id=user_id,
            kind="hearing",
            model=self._hearing.model,
            tokens=int(seconds * _TOKENS_A_SECOND),
            dollars=Decimal(str(self._settings.minute_price)) * Decimal(str(seconds)) / 60,
        ):
            # People speak other languages than that of their Telegram: whoever hears it knows better.
            heard = await self._hearing.transcribe(recording, mime_type=mime_type, language=None)
        return heard.text.strip()
