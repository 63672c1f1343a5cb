"""People of whom something is known, and a model that tells what words mean."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from dishka import AsyncContainer, Provider, Scope
from sqlalchemy import select, text

from vitte.clients.embeddings.protocol import Embedder, EmbeddingUnavailableError
from vitte.core.settings import Settings
from vitte.db.models import Dialog, Memory, Message, User, UserSettings
from vitte.db.transaction import Transaction
from vitte.main.container import make_container

_WORDS = ("tea", "dog", "moscow", "python")

Meet = Callable[..., Awaitable[int]]
Say = Callable[..., Awaitable[None]]


@dataclass
class WordCounter:
    """A model to which a text means how often it says each of a few words, and little else."""

    model: str = "counts-words"
    asked: list[str] = field(default_factory=list)
    is_away: bool = False
    is_silent: bool = False
    more: int = 0
    """Numbers that its vectors have more than they used to."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked.extend(texts)
        if self.is_away:
            raise EmbeddingUnavailableError("away")
        if self.is_silent:
            await asyncio.Event().wait()
        return [[*_meaning(one), *[0.0] * self.more] for one in texts]


def _meaning(text: str) -> list[float]:
    words = [float(text.casefold().count(word)) for word in _WORDS]
    return [*words, *(byte / 2560 for byte in sha256(text.encode()).digest()[:16])]


@pytest.fixture
def embedder() -> WordCounter:
    return WordCounter()


@pytest.fixture
async def container(settings: Settings, embedder: WordCounter) -> AsyncIterator[AsyncContainer]:
    """The product's own container, but for what tells meanings."""
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: embedder, provides=Embedder)
    container = make_container(settings, provider, process="worker")
    yield container
    await container.close()


@pytest.fixture
async def has_vectors(transaction: Transaction) -> bool:
    """Whether this PostgreSQL has pgvector; the oldest one may not."""
    async with transaction:
        query = text("SELECT to_regclass('memory_embeddings') IS NOT NULL")
        return bool(await transaction.session.scalar(query))


@pytest.fixture
def meet(transaction: Transaction) -> Meet:
    """Let somebody be known of whom these facts are kept, oldest first."""
    met: list[int] = []

    async def meet(*facts: str) -> int:
        async with transaction:
            user = User(telegram_id=1001 + len(met), first_name="A")
            transaction.session.add(user)
            await transaction.session.flush()
            transaction.session.add_all([UserSettings(user_id=user.id), Dialog(user_id=user.id)])
            for fact in facts:
                transaction.session.add(Memory(user_id=user.id, text=fact))
                await transaction.session.flush()
        met.append(user.id)
        return user.id

    return meet


@pytest.fixture
def say(transaction: Transaction) -> Say:
    """Let somebody say something, and be answered."""

    async def say(user_id: int, *texts: str) -> None:
        async with transaction:
            session = transaction.session
            dialog_id = await session.scalar(select(Dialog.id).where(Dialog.user_id == user_id))
            for words in texts:
                for role, content in (("user", words), ("assistant", "I see.")):
                    session.add(Message(dialog_id=dialog_id, role=role, text=content))
                    await session.flush()

    return say


async def kept(transaction: Transaction, user_id: int) -> list[str]:
    """Return the facts that are kept of a person, oldest first."""
    async with transaction:
        query = select(Memory.text).where(Memory.user_id == user_id).order_by(Memory.id)
        return list(await transaction.session.scalars(query))
