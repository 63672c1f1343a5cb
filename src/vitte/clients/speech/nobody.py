"""Nobody who hears, where no model is set for it."""

from vitte.clients.speech.protocol import SpeechMisconfiguredError, Transcript


class NobodyHears:
    """Takes the place of SpeechToText."""

    model = ""

    async def transcribe(
        self,
        audio: bytes,  # noqa: ARG002 - the protocol's names
        *,
        mime_type: str,  # noqa: ARG002
        language: str | None,  # noqa: ARG002
    ) -> Transcript:
        """Raise SpeechMisconfiguredError."""
        raise SpeechMisconfiguredError("no model is set")
