"""What was said is written down, and what was written is said."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.patience import PATIENCE
from vitte.clients.llm.chain import Providers
from vitte.clients.media import Media
from vitte.clients.speech.protocol import (
    SpeechError,
    SpeechMisconfiguredError,
    SpeechOverloadedError,
    SpeechRefusedInputError,
    SpeechTimeoutError,
    SpeechUnavailableError,
    Transcript,
)
from vitte.core.settings import Settings
from vitte.core.settings.endpoints import SpeechSettings
from vitte.core.settings.outside import LlmSettings
from vitte.sandbox.llm import Fault, Script, running_model

RECORDING = b"OggS and so on"
MODELS = {"model": "ears", "voice_model": "mouth"}


@asynccontextmanager
async def media_of(script: Script, **speech: Any) -> AsyncIterator[Media]:
    """Serve models that hear and speak."""
    async with running_model(script) as base_url:
        settings = Settings(
            _env_file=None,
            environment="test",
            speech=SpeechSettings.model_validate(
                {"base_url": base_url, "api_key": "key", "timeout": PATIENCE, **MODELS, **speech}
            ),
        )
        settings.llm.retries = 0
        providers = Providers(settings.llm)
        media = Media(settings, providers)
        yield media
        await media.close()
        await providers.close()


async def hear(media: Media) -> Transcript:
    return await media.hearing.transcribe(RECORDING, mime_type="audio/ogg", language="ru-RU")


async def speak(media: Media) -> bytes:
    return await media.voice.speak("Привет, мир", language="ru")


async def test_a_voice_message_is_written_down() -> None:
    script = Script(transcript=" Купи молока, пожалуйста, и хлеба \0")
    async with media_of(script) as media:
        assert media.hearing.model == "ears"
        heard = await hear(media)
    assert heard == Transcript("Купи молока, пожалуйста, и хлеба", seconds=2.0)
    assert script.media_requests == [
        {
            "model": "ears",
            "response_format": "json",
            "language": "ru",
            "filename": "recording.ogg",
            "content_type": "audio/ogg",
            "bytes": len(RECORDING),
        }
    ]
    assert script.keys == ["Bearer key"]


@pytest.mark.parametrize(
    ("mime_type", "name"),
    [("audio/mpeg", "recording.mp3"), ("AUDIO/X-M4A; x=y", "recording.m4a"), ("", "recording.ogg")],
)
async def test_a_recording_is_named_by_its_kind_since_providers_go_by_that(mime_type: str, name: str) -> None:
    script = Script()
    async with media_of(script) as media:
        await media.hearing.transcribe(RECORDING, mime_type=mime_type, language=None)
    assert script.media_requests[0]["filename"] == name
    assert "language" not in script.media_requests[0]


async def test_an_answer_is_spoken_in_the_voice_of_its_language() -> None:
    script = Script()
    async with media_of(script, voice="alloy", voices={"ru": "irina"}) as media:
        assert media.voice.model == "mouth"
        audio = await speak(media)
        await media.voice.speak("Hello", language="en")
        # What was spoken can be heard.
        heard = await media.hearing.transcribe(audio, mime_type="audio/ogg", language=None)
    assert heard.text == "Привет, мир"
    first, second = script.media_requests[:2]
    assert first == {"model": "mouth", "input": "Привет, мир", "voice": "irina", "response_format": "opus"}
    assert second["voice"] == "alloy"


async def test_what_telegram_would_not_take_as_a_voice_message_is_not_passed_on() -> None:
    async with media_of(Script(speaks="wav")) as media:
        with pytest.raises(SpeechMisconfiguredError, match="Opus"):
            await speak(media)


@pytest.mark.parametrize("use", [hear, speak])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("refused", SpeechMisconfiguredError),
        ("overloaded", SpeechOverloadedError),
        ("broken", SpeechUnavailableError),
        ("reset", SpeechUnavailableError),
        ("silent", SpeechTimeoutError),
    ],
)
async def test_a_failing_provider_ends_in_an_error_that_says_how(
    use: Callable[[Media], Any], fault: Fault, error: type[SpeechError]
) -> None:
    async with media_of(Script(fault=fault), timeout=0.3 if fault == "silent" else PATIENCE) as media:
        with pytest.raises(error) as raised:
            await use(media)
    assert type(raised.value) is error


async def test_what_goes_wrong_for_a_moment_nobody_notices() -> None:
    # The recording is sent anew, whole.
    script = Script(faults=["broken"])
    async with running_model(script) as base_url:
        settings = Settings(
            _env_file=None, llm=LlmSettings(base_url=base_url), speech=SpeechSettings(model="ears")
        )
        providers = Providers(settings.llm)
        media = Media(settings, providers)
        await hear(media)
        await media.close()
        await providers.close()
    assert [asked["bytes"] for asked in script.media_requests] == [len(RECORDING)] * 2


@pytest.mark.parametrize("audio", [b"", b"x" * 11])
async def test_a_recording_that_is_empty_or_too_long_is_not_sent(audio: bytes) -> None:
    script = Script()
    async with media_of(script, most_bytes=10) as media:
        with pytest.raises(SpeechRefusedInputError):
            await media.hearing.transcribe(audio, mime_type="audio/ogg", language=None)
    assert script.calls == 0


@pytest.mark.parametrize("text", [" ", "x" * 11])
async def test_a_text_that_is_empty_or_too_long_is_not_spoken(text: str) -> None:
    script = Script()
    async with media_of(script, most_characters=10) as media:
        with pytest.raises(SpeechRefusedInputError):
            await media.voice.speak(text, language=None)
    assert script.calls == 0


async def test_without_a_model_nothing_is_heard_or_said() -> None:
    script = Script()
    async with media_of(script, model="", voice_model="") as media:
        assert not media.hearing.model
        assert not media.voice.model
        for use in (hear, speak):
            with pytest.raises(SpeechMisconfiguredError):
                await use(media)
    assert script.calls == 0


async def test_a_key_goes_only_to_the_address_it_is_for() -> None:
    language, ears, mouth = Script(), Script(), Script()
    async with running_model(language) as first, running_model(ears) as second, running_model(mouth) as third:
        llm = {"base_url": first, "api_key": "llm-key"}
        for speech in ({}, {"base_url": second}, {"base_url": second, "voice_base_url": third}):
            settings = Settings.model_validate({"llm": llm, "speech": MODELS | speech})
            providers = Providers(settings.llm)
            media = Media(settings, providers)
            await hear(media)
            await speak(media)
            await media.close()
            await providers.close()
    assert language.keys == ["Bearer llm-key"] * 2
    assert ears.keys == [""] * 3
    assert mouth.keys == [""]


async def test_calls_are_counted_by_how_they_ended() -> None:
    def counted(outcome: str) -> float:
        labels = {"kind": "transcription", "model": "counted", "outcome": outcome}
        return REGISTRY.get_sample_value("vitte_media_calls_total", labels) or 0

    script = Script(faults=[None, "overloaded"])
    async with media_of(script, model="counted") as media:
        await hear(media)
        with pytest.raises(SpeechOverloadedError):
            await hear(media)
    assert (counted("complete"), counted("speech_overloaded")) == (1, 1)
