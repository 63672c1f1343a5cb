"""Answers that are read aloud."""

import structlog

from vitte.assistant.metrics import SPOKEN
from vitte.clients.speech.protocol import SpeechError, TextToSpeech
from vitte.core.tokens import count_tokens
from vitte.usage.ledger import UsageLedger
from vitte.usage.schemas import CallRequest
from vitte.users.schemas import Person

logger = structlog.get_logger(__name__)

MAX_SPOKEN = 4096
"""Characters: what OpenAI's endpoint takes. https://platform.openai.com/docs/api-reference/audio/createSpeech"""


class SpeakingService:
    """Turns answers into voice messages. What that costs counts against the limits as any call does."""

    def __init__(self, voice: TextToSpeech, ledger: UsageLedger) -> None:
        self._voice = voice
        self._ledger = ledger

    @property
    def is_possible(self) -> bool:
        """Whether the owner has set up a voice."""
        return bool(self._voice.model)

    async def speak(self, person: Person, text: str) -> bytes:
        """Return the beginning of a text as OGG with Opus. Raises SpeechError or LimitReachedError."""
        text = text[:MAX_SPOKEN]
        tokens = count_tokens(text)
        reservation = await self._ledger.reserve(
            CallRequest(
                user_id=person.id,
                plan=person.plan,
                kind="speech",
                model=self._voice.model,
                tokens=tokens,
                cost=0,
                counts_as_message=False,
            )
        )
        outcome = "failed"
        try:
            spoken = await self._voice.speak(text, language=person.language_code)
            outcome = "complete"
        except SpeechError as error:
            outcome = error.code
            raise
        finally:
            SPOKEN.labels(outcome).inc()
            await self._ledger.settle(
                reservation,
                prompt_tokens=tokens if outcome == "complete" else 0,
                completion_tokens=0,
                is_estimated=True,
                outcome=outcome,
            )
        return spoken
