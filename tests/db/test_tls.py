"""A PostgreSQL elsewhere: what goes there by TLS, and whom we believe that it is there."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from tests.certificates import make_certificate
from tests.conftest import IN_CI
from tests.patience import PATIENCE
from tests.servers import PASSWORD, make_postgres, oldest_are_installed
from vitte.backups.programs import find_programs
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.core.settings.backends import DatabaseSettings, RedisSettings
from vitte.core.settings.operating import BackupSettings
from vitte.db import migrate
from vitte.db.engine import connect, create_engine
from vitte.db.listener import Channel, NotificationListener
from vitte.main.doctor.backends import check_database

_IN_USE = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@dataclass(frozen=True)
class TlsServer:
    """A PostgreSQL with a certificate of 127.0.0.1, and another certificate that is nobody's."""

    port: int
    certificate: Path
    other_certificate: Path

    def settings(self, **given: str) -> DatabaseSettings:
        return DatabaseSettings.model_validate({"port": self.port, "password": PASSWORD} | given)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    # The one of the wheel knows no TLS; Debian's does.
    if not oldest_are_installed():
        (pytest.fail if IN_CI else pytest.skip)("PostgreSQL 15 is missing: apt install postgresql-15")
    folder = tmp_path_factory.mktemp("tls")
    postgres = make_postgres(folder / "data", oldest=True)
    postgres.start()
    certificate, key = make_certificate(postgres.cluster_dir, name="IP:127.0.0.1")
    owner = postgres.cluster_dir.stat()
    for path in (certificate, key):
        path.chmod(0o600)
        # Where the server is not of the same user as the test, the file has to be the server's.
        if path.stat().st_uid != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid)
    postgres.stop()
    trusted = folder / "trusted.pem"
    trusted.write_bytes(certificate.read_bytes())
    (folder / "other").mkdir()
    other, _ = make_certificate(folder / "other", name="IP:127.0.0.1")
    postgres = make_postgres(
        folder / "data",
        oldest=True,
        options={"ssl": "on", "ssl_cert_file": certificate.name, "ssl_key_file": key.name},
    )
    with postgres:
        yield TlsServer(postgres.port, trusted, other)


async def is_encrypted(settings: DatabaseSettings) -> bool:
    """Connect with the pool and beside it, and tell whether both were encrypted."""
    engine = create_engine(settings, process="test")
    try:
        async with engine.connect() as connection:
            by_pool = await connection.scalar(text(_IN_USE))
    finally:
        await engine.dispose()
    connection = await connect(settings, process="test")
    beside = await connection.fetchval(_IN_USE)
    await connection.close()
    assert by_pool == beside
    return bool(by_pool)


async def test_a_certificate_that_is_trusted_lets_every_connection_be_encrypted(server: TlsServer) -> None:
    for sslmode in ("verify-full", "verify-ca"):
        assert await is_encrypted(server.settings(sslmode=sslmode, sslrootcert=str(server.certificate)))
    assert await is_encrypted(server.settings(sslmode="require"))
    assert await is_encrypted(server.settings())
    assert not await is_encrypted(server.settings(sslmode="disable"))


async def test_nobody_else_passes_for_the_server(server: TlsServer) -> None:
    for sslmode in ("verify-full", "verify-ca"):
        for trusted in (str(server.other_certificate), ""):
            with pytest.raises(OSError, match="certificate verify failed"):
                await connect(server.settings(sslmode=sslmode, sslrootcert=trusted), process="test")


async def test_a_certificate_of_another_name_is_refused_where_names_count(server: TlsServer) -> None:
    given = {"host": "localhost", "sslrootcert": str(server.certificate)}
    with pytest.raises(OSError, match="certificate is not valid for 'localhost'"):
        await connect(server.settings(sslmode="verify-full", **given), process="test")
    connection = await connect(server.settings(sslmode="verify-ca", **given), process="test")
    await connection.close()


async def test_a_server_without_tls_gets_no_password_from_those_who_want_it(
    server: TlsServer, settings_without_tls: DatabaseSettings
) -> None:
    for sslmode in ("require", "verify-full"):
        wanting = settings_without_tls.model_copy(
            update={"sslmode": sslmode, "sslrootcert": str(server.certificate)}
        )
        with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
            await connect(wanting, process="test")


async def test_the_doctor_says_what_is_wrong_between_us_and_the_server(
    server: TlsServer, settings_without_tls: DatabaseSettings
) -> None:
    settings = Settings(
        database=server.settings(sslmode="verify-full", sslrootcert=str(server.other_certificate))
    )
    assert "VITTE_DATABASE__SSLROOTCERT" in (await check_database(settings)).cure
    settings.database = settings_without_tls.model_copy(update={"sslmode": "require"})
    assert "knows no TLS" in (await check_database(settings)).cure


def test_a_file_of_certificates_that_is_not_there_is_named_before_anything_starts() -> None:
    with pytest.raises(ValidationError, match="there is no file /nowhere"):
        DatabaseSettings(sslrootcert="/nowhere")
    with pytest.raises(ValidationError, match="there is no file /nowhere"):
        RedisSettings(tls_ca="/nowhere")


async def test_migrations_notifications_and_the_programs_of_backups_are_encrypted_too(
    server: TlsServer,
) -> None:
    settings = server.settings(sslmode="verify-full", sslrootcert=str(server.certificate))
    await migrate.upgrade(settings)
    heard: asyncio.Queue[str] = asyncio.Queue()
    nursery = Nursery()

    async def catch_up() -> None:
        heard.put_nowait("listening")

    channel = Channel(name="test", hear=heard.put_nowait, catch_up=catch_up)
    nursery.start(NotificationListener(settings, [channel]).run(), name="listener")
    async with asyncio.timeout(PATIENCE):
        assert await heard.get() == "listening"
        connection = await connect(settings, process="test")
        encrypted = await connection.fetch(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE application_name = 'vitte-listener'"
        )
        await connection.execute("NOTIFY test, 'news'")
        assert await heard.get() == "news"
        await connection.close()
    assert [row[0] for row in encrypted] == [True]
    await nursery.stop()
    programs = await find_programs(
        BackupSettings(bin_dir="/usr/lib/postgresql/15/bin"), settings, server_version=15
    )
    assert (await programs.run("psql", "-At", "-c", _IN_USE)).strip() == "t"


@pytest.fixture
async def settings_without_tls(tmp_path: Path) -> AsyncIterator[DatabaseSettings]:
    """A PostgreSQL that knows nothing of TLS."""
    with make_postgres(tmp_path / "plain") as postgres:
        yield DatabaseSettings(port=postgres.port, password=PASSWORD)
