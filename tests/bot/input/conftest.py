"""A bot for people who send more than words, and who hears what the test says it hears."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from dishka import AsyncContainer, Provider, Scope, provide

import vitte.main.bot
from vitte.clients.speech.protocol import SpeechToText, Transcript
from vitte.core.settings import Settings
from vitte.main.container import make_container


@dataclass
class Ear:
    """Takes the place of an endpoint that hears."""

    says: str = "What is the weather like?"
    model: str = "ear"
    heard: list[tuple[bytes, str]] = field(default_factory=list)

    async def transcribe(self, audio: bytes, *, mime_type: str, language: str | None) -> Transcript:
        """Return what the test wants to be heard."""
        self.heard.append((audio, mime_type))
        return Transcript(self.says)


class _EarProvider(Provider):
    scope = Scope.APP

    def __init__(self, ear: Ear) -> None:
        super().__init__()
        self._ear = ear

    @provide(override=True)
    def hearing(self) -> SpeechToText:
        return self._ear


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a bot that does not wait long for an album, and has time to read on a busy machine."""
    settings.files.album_wait = 0.1
    settings.files.extract_timeout = settings.files.download_timeout = 120
    return settings


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Ear:
    """What the bot hears with. Asked for before the bot."""
    ear = Ear()

    def make(settings: Settings, *providers: Provider, **options: Any) -> AsyncContainer:
        return make_container(settings, *providers, _EarProvider(ear), **options)

    monkeypatch.setattr(vitte.main.bot, "make_container", make)
    return ear
