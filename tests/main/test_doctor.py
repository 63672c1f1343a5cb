"""`vitte doctor`: what is wrong is found and told with its cure, each thing by itself."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.certificates import make_certificate
from tests.patience import PATIENCE
from tests.servers import PASSWORD, Servers
from tests.web.processes import environment
from tests.web.tls import serving_tls
from vitte.backups.archives import Contents, Folder, Manifest, archive_name
from vitte.core.clock import utc_now
from vitte.core.settings import Process, Settings
from vitte.core.settings.endpoints import ProviderSettings
from vitte.db import migrate
from vitte.db.engine import create_engine
from vitte.embedded.redis import RedisServer
from vitte.main.doctor import Finding, Verdict, checks_for, examine, report
from vitte.sandbox.llm import Fault, Script
from vitte.sandbox.testing import RunningSandbox, running_sandbox

MakeDatabase = Callable[..., Awaitable[str]]
ALL: tuple[Process, ...] = ("bot", "api", "worker", "beat", "admin")


@pytest.fixture
async def sandbox(settings: Settings) -> AsyncIterator[RunningSandbox]:
    """A Telegram that the settings point to."""
    async with running_sandbox() as sandbox:
        settings.telegram.api_url = sandbox.base_url
        yield sandbox


@pytest.fixture
async def well(settings: Settings, sandbox: RunningSandbox, model: Script, tmp_path: Path) -> Settings:
    """Settings of a product with which nothing is wrong."""
    settings.environment = "production"
    owner = await sandbox.person("Olga")
    await sandbox.result("getMe")
    await owner.send("/start")
    settings.alerts.chat_id = owner.id
    settings.backup.folder = str(tmp_path)
    return settings


async def find(settings: Settings, name: str) -> Finding:
    """Do one check."""
    return (await examine(settings, {name: checks_for(settings, ALL)[name]}))[name]


async def test_when_all_is_well_it_says_so_and_exits_with_zero(well: Settings) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vitte",
        "doctor",
        env=environment(well) | {"PATH": os.defpath},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaint = (stream.decode() for stream in await process.communicate())
    assert process.returncode == 0, printed + complaint
    verdicts = {line.split()[1]: line.split()[0] for line in printed.splitlines() if not line.startswith(" ")}
    assert {name for name, verdict in verdicts.items() if verdict == "ok"} >= {
        *("settings", "database", "redis", "token", "webhook", "alerts", "model")
    }
    assert "wrong" not in verdicts.values()
    assert PASSWORD not in printed
    assert "42:TEST" not in printed


async def test_what_is_wrong_makes_it_exit_with_one_and_hides_nothing_else(
    well: Settings, tmp_path: Path
) -> None:
    well.database.port = well.redis.port = 9
    well.telegram.api_url = "http://127.0.0.1:9"
    well.llm.base_url = "http://127.0.0.1:9/v1"
    findings = await examine(well, checks_for(well, ALL))
    told: list[str] = []
    assert not report(findings, told.append)
    wrong = {name for name, finding in findings.items() if finding.verdict is Verdict.WRONG}
    assert wrong == {"database", "redis", "token", "webhook", "alerts", "model", "clock"}
    assert all(findings[name].cure for name in wrong)
    assert findings["settings"].verdict is Verdict.OK
    assert findings["disk"].verdict in {Verdict.OK, Verdict.DOUBTFUL, Verdict.WRONG}
    assert "42:TEST" not in "".join(told)


async def test_a_check_that_breaks_or_never_ends_does_not_touch_the_others(settings: Settings) -> None:
    async def breaks(_: Settings) -> Finding:
        raise ZeroDivisionError("at https://example.org/bot42:TEST/getMe")

    async def never_ends(_: Settings) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    async def fine(_: Settings) -> Finding:
        return Finding(Verdict.OK, "fine")

    checks = {"breaks": breaks, "never_ends": never_ends, "fine": fine}
    findings = await examine(settings, checks, timeout=0.1)
    assert [finding.verdict for finding in findings.values()] == [Verdict.WRONG, Verdict.WRONG, Verdict.OK]
    told: list[str] = []
    report(findings, told.append)
    assert "ZeroDivisionError" in told[0]
    assert "42:TEST" not in told[0]
    assert "no answer within" in findings["never_ends"].what


async def test_missing_and_placeholder_secrets_are_named(well: Settings) -> None:
    well.admin.password = SecretStr("change-me")
    well.telegram.token = SecretStr("")
    found = await find(well, "settings")
    assert found.verdict is Verdict.WRONG
    assert "VITTE_ADMIN__PASSWORD still holds its placeholder" in found.what
    assert "VITTE_TELEGRAM__TOKEN is not set" in found.what
    well.environment = "development"
    assert (await find(well, "settings")).verdict is Verdict.DOUBTFUL


@pytest.mark.parametrize(
    ("revision", "words", "cure"),
    [
        ("", "revision none", "vitte migrate"),
        ("0001", "revision 0001", "vitte migrate"),
        ("9999", "later version", "--down"),
    ],
)
async def test_tables_of_another_version_are_found(
    well: Settings,
    servers: Servers,
    worker_number: int,
    make_database: MakeDatabase,
    revision: str,
    words: str,
    cure: str,
) -> None:
    name = await make_database(f"vitte_doctor_{worker_number}", template="template0")
    well.database.name = name
    if revision:
        await migrate.upgrade(well.database, "0001")
        async with running_engine(well) as engine, engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    found = await find(well, "database")
    assert found.verdict is Verdict.WRONG
    assert words in found.what
    assert cure in found.cure


@asynccontextmanager
async def running_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Connect to the settings' database."""
    engine = create_engine(settings.database, process="test")
    yield engine
    await engine.dispose()


async def test_a_wrong_password_is_told_without_the_password(well: Settings) -> None:
    well.database.password = well.redis.password = SecretStr("not p@ss")
    for name in ("database", "redis"):
        found = await find(well, name)
        assert found.verdict is Verdict.WRONG
        assert "PASSWORD" in found.cure
        assert "not p@ss" not in found.what


async def test_a_redis_too_far_away_for_the_cache_is_found(well: Settings) -> None:
    well.cache.timeout = 1e-9
    found = await find(well, "redis")
    assert found.verdict is Verdict.DOUBTFUL
    assert "VITTE_CACHE__TIMEOUT" in found.cure
    well.cache.enabled = False
    assert (await find(well, "redis")).verdict is Verdict.OK


async def test_a_redis_that_may_forget_jobs_is_found(well: Settings, tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", password=PASSWORD, die_with_parent=True) as server:
        well.redis.port, well.redis.database = server.port, 0
        async with Redis(port=server.port, password=PASSWORD, socket_timeout=PATIENCE) as redis:
            await redis.config_set("maxmemory-policy", "allkeys-lru")
            found = await find(well, "redis")
            assert found.verdict is Verdict.WRONG
            assert "allkeys-lru" in found.what
            await redis.config_set("maxmemory-policy", "volatile-lru")
            assert (await find(well, "redis")).verdict is Verdict.OK
            await redis.acl_setuser(
                "limited", enabled=True, passwords=[f"+{PASSWORD}"], commands=["+info", "-config"]
            )
        well.redis.username = "limited"
        assert (await find(well, "redis")).verdict is Verdict.DOUBTFUL


async def test_a_token_that_is_none_is_found(well: Settings) -> None:
    well.telegram.token = SecretStr("nonsense")
    found = await find(well, "token")
    assert found.verdict is Verdict.WRONG
    assert "BotFather" in found.cure


async def test_a_webhook_that_is_left_over_or_leads_elsewhere_is_found(
    well: Settings, sandbox: RunningSandbox
) -> None:
    await sandbox.result("setWebhook", url="http://127.0.0.1:9/elsewhere")
    found = await find(well, "webhook")
    assert (found.verdict, "mode is polling" in found.what) == (Verdict.WRONG, True)
    well.telegram.mode, well.telegram.webhook_url = "webhook", "http://127.0.0.1:9/here"
    found = await find(well, "webhook")
    assert (found.verdict, "elsewhere, not" in found.what) == (Verdict.WRONG, True)
    await sandbox.result("setWebhook", url=well.telegram.webhook_url)
    person = await sandbox.person("Ben")
    await person.send("hello")
    async with asyncio.timeout(PATIENCE):
        # Nobody tells when the sandbox has tried to call.
        while (found := await find(well, "webhook")).verdict is not Verdict.WRONG:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert "last call failed" in found.what


async def test_a_chat_that_the_bot_does_not_know_is_found(well: Settings) -> None:
    well.alerts.chat_id = 987654321
    found = await find(well, "alerts")
    assert found.verdict is Verdict.WRONG
    assert "Write to the bot" in found.cure
    well.alerts.chat_id = 0
    assert (await find(well, "alerts")).verdict is Verdict.UNUSED


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("refused", "VITTE_LLM__API_KEY"),
        ("overloaded", "quota"),
        ("silent", "Ask again"),
        ("broken", "BASE_URL"),
    ],
)
async def test_a_model_that_does_not_answer_is_found(
    well: Settings, model: Script, fault: Fault, cure: str
) -> None:
    if fault == "silent":
        well.llm.first_token_timeout = 0.5
    model.fault = fault
    found = await find(well, "model")
    assert found.verdict is Verdict.WRONG
    assert cure in found.cure


async def test_every_fallback_is_asked_by_itself(well: Settings) -> None:
    well.llm.fallbacks = [{"base_url": "http://127.0.0.1:9/v1", "model": "spare"}]
    findings = await examine(well, checks_for(well, ALL))
    assert findings["model"].verdict is Verdict.OK
    assert findings["fallback 1"].verdict is Verdict.WRONG
    assert "spare" in findings["fallback 1"].what


async def test_a_model_that_is_not_there_is_told_from_an_address_that_is_wrong(
    well: Settings, model: Script
) -> None:
    root = well.llm.base_url
    well.llm.base_url = f"{root.removesuffix('/v1')}/api/v2"
    found = await find(well, "model")
    assert found.verdict is Verdict.WRONG
    assert f"at {root} there is" in found.cure
    well.llm.base_url, model.known_models = root, ["large", "small"]
    found = await find(well, "model")
    assert found.verdict is Verdict.WRONG
    assert "no such model" in found.cure
    assert "large, small" in found.cure


async def test_a_provider_that_only_the_catalogue_uses_is_asked_too(well: Settings, model: Script) -> None:
    well.llm.providers = {
        "near": ProviderSettings(base_url=well.llm.base_url),
        "away": ProviderSettings(base_url="http://127.0.0.1:9"),
        "other": ProviderSettings(base_url=f"{well.llm.base_url}/nowhere"),
    }
    findings = await examine(well, checks_for(well, ALL))
    verdicts = {name: findings[f"provider {name}"].verdict for name in well.llm.providers}
    assert verdicts == {"near": Verdict.OK, "away": Verdict.WRONG, "other": Verdict.DOUBTFUL}
    assert " ms" in findings["provider near"].what
    told: list[str] = []
    report(findings, told.append)
    assert any(" provider other http" in line for line in told)
    well.llm.fallbacks = [{"provider": "near", "model": "spare"}]
    # It is asked for an answer then.
    checks = checks_for(well, ALL)
    assert "provider near" not in checks
    assert "spare" in (await examine(well, {"it": checks["fallback 1"]}))["it"].what


async def test_models_that_hear_speak_and_embed_are_asked_where_they_are_set(
    well: Settings, model: Script
) -> None:
    names = ("hearing", "voice", "embeddings")
    assert [(await find(well, name)).verdict for name in names] == [Verdict.UNUSED] * 3
    well.speech.model, well.speech.voice_model, well.embeddings.model = "ears", "mouth", "vectors"
    for name in names:
        found = await find(well, name)
        assert found.verdict is Verdict.OK
        assert " ms" in found.what
    model.fault = "refused"
    cures = [(await find(well, name)).cure for name in names]
    assert ["VITTE_SPEECH" in cures[0], "VITTE_SPEECH__VOICE" in cures[1], "EMBEDDINGS" in cures[2]] == [
        True,
        True,
        True,
    ]
    well.speech.base_url = well.embeddings.base_url = "http://127.0.0.1:9/v1"
    for name in names:
        found = await find(well, name)
        assert found.verdict is Verdict.WRONG
        assert "address" in found.cure


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [(1, Verdict.OK), (30, Verdict.DOUBTFUL), (-4000, Verdict.WRONG), (None, Verdict.DOUBTFUL)],
)
async def test_a_clock_that_is_wrong_is_found(well: Settings, ahead: int | None, verdict: Verdict) -> None:
    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        date = (
            ""
            if ahead is None
            else f"Date: {format_datetime(utc_now() - timedelta(seconds=ahead), usegmt=False)}\r\n"
        )
        writer.write(f"HTTP/1.1 302 Found\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(tell, "127.0.0.1")
    async with server:
        well.telegram.api_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert (await find(well, "clock")).verdict is verdict


@pytest.mark.parametrize(("days", "verdict"), [(60, Verdict.OK), (10, Verdict.DOUBTFUL), (2, Verdict.WRONG)])
async def test_a_certificate_that_ends_soon_is_found(
    well: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, verdict: Verdict
) -> None:
    certificate, key = make_certificate(tmp_path, days=days)
    async with serving_tls(certificate, key) as port:
        well.telegram.mode, well.telegram.webhook_url = "webhook", f"https://localhost:{port}/hook"
        untrusted = await find(well, "certificate")
        assert untrusted.verdict is Verdict.WRONG
        assert "not good" in untrusted.what
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert (await find(well, "certificate")).verdict is verdict
        well.telegram.webhook_url = f"https://127.0.0.1:{port}/hook"
        assert "not good" in (await find(well, "certificate")).what
    assert "cannot be reached" in (await find(well, "certificate")).what


@pytest.mark.parametrize(
    ("hours", "verdict"), [(1, Verdict.OK), (40, Verdict.WRONG), (None, Verdict.DOUBTFUL)]
)
async def test_backups_that_are_old_or_not_there_are_found(
    well: Settings, tmp_path: Path, hours: int | None, verdict: Verdict
) -> None:
    if hours is not None:
        add_backup(tmp_path, hours=hours)
    assert (await find(well, "backups")).verdict is verdict


def add_backup(folder: Path, *, hours: int) -> str:
    """Put something into the folder that passes for a backup; return its name."""
    made = folder / "made"
    made.write_bytes(b"a dump")
    name = archive_name(utc_now() - timedelta(hours=hours), is_encrypted=False)
    contents = Contents(revision="0001", counts={}, indexes=0, links=0)
    Folder(folder).add(made, name, Manifest(sha256="", size=2 << 20, version="0.1.0", contents=contents))
    return name


async def test_a_bucket_that_does_not_answer_is_found(well: Settings) -> None:
    well.backup.s3_url, well.backup.s3_bucket, well.backup.s3_access_key = "http://127.0.0.1:9", "kept", "a"
    well.backup.s3_secret_key = SecretStr("s3cret")
    well.backup.timeout = 1
    found = await find(well, "bucket")
    assert found.verdict is Verdict.WRONG
    assert "s3cret" not in json.dumps([found.what, found.cure])
