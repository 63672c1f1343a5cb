"""A Redis elsewhere: what goes there by TLS, and whom we believe that it is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from tests.certificates import make_certificate
from tests.conftest import IN_CI
from tests.patience import PATIENCE
from tests.servers import PASSWORD, make_redis, oldest_are_installed
from tests.web.processes import running
from vitte.clients.jobs import JobQueue
from vitte.clients.redis import connect_redis
from vitte.core.errors import UnavailableError
from vitte.core.settings import Settings
from vitte.core.settings.backends import RedisSettings
from vitte.embedded.ports import free_port
from vitte.main.doctor.backends import check_redis
from vitte.main.doctor.finding import Verdict


@dataclass(frozen=True)
class TlsServer:
    """A Redis with a certificate of 127.0.0.1, and another certificate that is nobody's."""

    port: int
    certificate: Path
    other_certificate: Path

    def settings(self, **given: str) -> RedisSettings:
        return RedisSettings.model_validate(
            {
                "port": self.port,
                "password": PASSWORD,
                "timeout": 30,
                "tls": True,
                "tls_ca": str(self.certificate),
            }
            | given
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    if not oldest_are_installed():
        (pytest.fail if IN_CI else pytest.skip)("Redis 7 is missing: apt install redis-server")
    folder, other_folder = tmp_path_factory.mktemp("tls"), tmp_path_factory.mktemp("other")
    certificate, key = make_certificate(folder, name="IP:127.0.0.1")
    other, _ = make_certificate(other_folder, name="IP:127.0.0.1")
    options = {
        "tls-port": str(port := free_port()),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(key),
        "tls-auth-clients": "no",
    }
    with make_redis(folder / "data", oldest=True, options=options):
        yield TlsServer(port, certificate, other)


async def test_redis_is_used_by_tls_and_only_the_right_server_is_believed(server: TlsServer) -> None:
    async with connect_redis(server.settings(), timeout=PATIENCE) as redis:
        assert await redis.ping()
    for wrong in ({"tls_ca": str(server.other_certificate)}, {"tls_ca": ""}, {"host": "localhost"}):
        async with connect_redis(server.settings(**wrong), timeout=PATIENCE) as redis:
            with pytest.raises(RedisError, match="certificate"):
                await redis.ping()


async def test_jobs_go_to_the_worker_by_tls_and_not_to_a_server_that_nobody_trusts(
    server: TlsServer, settings: Settings
) -> None:
    settings.redis = server.settings()
    queue = JobQueue(settings)
    await queue.send([1, 2], queue="test")
    assert await queue.length("test") == 2
    await queue.close()
    settings.redis = server.settings(tls_ca=str(server.other_certificate))
    queue = JobQueue(settings)
    with pytest.raises(UnavailableError):
        await queue.send([3], queue="test")
    await queue.close()


async def test_worker_and_clock_work_together_by_tls(server: TlsServer, settings: Settings) -> None:
    settings.redis = server.settings()
    settings.worker.metrics_port = free_port()
    async with (
        running("-m", "vitte", "run", "worker", settings=settings) as worker,
        running("-m", "vitte", "run", "beat", settings=settings),
    ):
        await worker.logged("test_task_done")


async def test_the_doctor_names_the_certificate_as_the_fault(server: TlsServer, settings: Settings) -> None:
    settings.redis = server.settings()
    assert (await check_redis(settings)).verdict is Verdict.OK
    settings.redis = server.settings(tls_ca=str(server.other_certificate))
    finding = await check_redis(settings)
    assert (finding.verdict, "VITTE_REDIS__TLS_CA" in finding.cure) == (Verdict.WRONG, True)
