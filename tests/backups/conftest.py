"""A database with something to lose, and its backups."""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.patience import PATIENCE
from tests.servers import Servers, connected
from tests.web.processes import environment
from vitte.backups.restore import RestoreService
from vitte.backups.service import BackupService
from vitte.core.settings import Settings
from vitte.db.engine import create_session_factory, database_url
from vitte.db.migrate import knows_revision
from vitte.db.models import Dialog, Message, User, UserSettings
from vitte.embedded.ports import free_port
from vitte.embedded.postgres import find_postgres

DIARY = "Дорогой дневник: 'кавычки', \\слэши\\ и 🦊"
_DEBIANS = Path("/usr/lib/postgresql/15/bin")


@dataclass
class SetClock:
    """A clock that a test sets."""

    time: datetime = datetime(2026, 5, 1, 3, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **parts: float) -> None:
        self.time += timedelta(**parts)


@pytest.fixture(autouse=True)
def alone_on_the_server(servers: Servers) -> Iterator[None]:
    """Let no two of these tests run at once: a rehearsal is looked for on the whole server."""
    lock = Path(tempfile.gettempdir()) / f"vitte-test-backups-{servers.postgres_port}.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Path:
    """The folder of the programs that belong to the server of this run."""
    return _DEBIANS if request.config.getoption("--oldest") else find_postgres()


@pytest.fixture
async def backup_settings(
    settings: Settings,
    servers: Servers,
    worker_number: int,
    make_database: Callable[..., Awaitable[str]],
    tmp_path: Path,
) -> Settings:
    """Settings with a database of the test's own, in which two people have talked."""
    settings.database.name = await make_database(f"vitte's %{worker_number}=&")
    settings.backup.folder = str(tmp_path / "backups")
    settings.backup.port = free_port()
    engine = create_async_engine(database_url(settings.database), poolclass=NullPool)
    async with create_session_factory(engine)() as session:
        for number in (1001, 1002):
            person = User(telegram_id=number, first_name="Анна")
            session.add(person)
            await session.flush()
            session.add(UserSettings(user_id=person.id))
            dialog = Dialog(user_id=person.id, title="О погоде")
            session.add(dialog)
            await session.flush()
            session.add_all(Message(dialog_id=dialog.id, role="assistant", text=DIARY) for _ in range(50))
        await session.commit()
    await engine.dispose()
    return settings


@pytest.fixture
def make_backups(backup_settings: Settings, clock: SetClock) -> Callable[[], BackupService]:
    """Make the service anew, after its settings were changed."""
    return lambda: BackupService(backup_settings.backup, backup_settings.database, clock)


@pytest.fixture
def backups(make_backups: Callable[[], BackupService]) -> BackupService:
    return make_backups()


def restores_of(settings: Settings, backups: BackupService) -> RestoreService:
    """Return what puts those backups back."""
    return RestoreService(backups, settings.backup, settings.database, knows_revision=knows_revision)


async def in_database(settings: Settings, statement: str) -> list[asyncpg.Record]:
    """Run one statement as somebody who is not Vitte."""
    async with connected(settings.database) as connection:
        return list(await connection.fetch(statement))


async def contents_of(settings: Settings) -> tuple[int, int, set[str]]:
    """Return how many people and messages there are, and what the messages say."""
    engine = create_async_engine(database_url(settings.database), poolclass=NullPool)
    async with engine.connect() as connection:
        people = await connection.scalar(select(func.count(User.id)))
        texts = (await connection.scalars(select(Message.text))).all()
    await engine.dispose()
    return people or 0, len(texts), set(texts)


async def destroy(settings: Settings) -> None:
    """Lose everything: every table is gone."""
    engine = create_async_engine(database_url(settings.database), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()


def vitte(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "vitte", *arguments],
        env=environment(settings) | {"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class S3:
    """A running S3 server with an empty bucket."""

    url: str
    access_key: str
    secret_key: str
    bucket: str

    def use_in(self, settings: Settings) -> None:
        """Let backups go there."""
        settings.backup.s3_url = self.url
        settings.backup.s3_bucket = self.bucket
        settings.backup.s3_access_key = self.access_key
        settings.backup.s3_secret_key = type(settings.backup.s3_secret_key)(self.secret_key)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3]:
    """A real S3 server, whose buckets are folders."""
    s3 = S3(f"http://127.0.0.1:{free_port()}", "an-access-key", "a/secret+key=", "kept")
    (tmp_path / "s3" / s3.bucket).mkdir(parents=True)
    where = ("--data-dir", str(tmp_path / "s3"), "--host", "127.0.0.1", "--port", s3.url.rpartition(":")[2])
    server = subprocess.Popen(
        [sys.executable, "-m", "nanio", "serve", *where, "--log-level", "error", "--no-access-log"],
        env={"PATH": os.defpath, "NANIO_ACCESS_KEY": s3.access_key, "NANIO_SECRET_KEY": s3.secret_key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield s3
    server.kill()
    server.wait()


async def until_s3_answers(s3: S3) -> None:
    """Wait until the server takes requests."""
    give_up = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(s3.url):
                    return
            except aiohttp.ClientConnectionError:
                assert time.monotonic() < give_up, "the S3 server does not start"
