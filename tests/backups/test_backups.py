"""Backups: made, lost, put back."""

import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.backups.conftest import (
    DIARY,
    S3,
    SetClock,
    contents_of,
    destroy,
    in_database,
    restores_of,
    until_s3_answers,
    vitte,
)
from tests.servers import PASSWORD
from tests.web.processes import running
from vitte.backups.archives import outdated
from vitte.backups.encryption import new_key
from vitte.backups.errors import BackupError
from vitte.backups.service import BackupService
from vitte.core.settings import Settings
from vitte.db.engine import create_engine
from vitte.main.health import check

MakeBackups = Callable[[], BackupService]
WHOLE = (2, 100, {DIARY})


async def test_a_lost_database_is_put_back_whole_and_takes_new_rows(backup_settings: Settings) -> None:
    made = vitte(backup_settings, "backup")
    assert made.returncode == 0, made.stderr
    name = made.stdout.split()[1]
    assert vitte(backup_settings, "backup", "list").stdout == f"{name}  folder\n"
    await destroy(backup_settings)
    restored = vitte(backup_settings, "restore", "newest", "--yes")
    assert restored.returncode == 0, restored.stderr
    assert f"Restored {name}" in restored.stdout
    assert await contents_of(backup_settings) == WHOLE
    migrated = vitte(backup_settings, "migrate")
    assert migrated.returncode == 0
    assert "Running upgrade" not in migrated.stderr
    await in_database(backup_settings, "INSERT INTO users (telegram_id, first_name) VALUES (1003, 'Ben')")
    assert (await contents_of(backup_settings))[0] == 3
    for output in (made, restored):
        assert PASSWORD not in output.stdout + output.stderr


async def test_a_backup_can_be_read_by_nobody_else(backups: BackupService) -> None:
    name = await backups.make()
    folder = backups.folder.path
    assert folder.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in folder.iterdir()) == [".lock", name, f"{name}.json"]
    for path in (folder / name, folder / f"{name}.json"):
        assert path.stat().st_mode & 0o077 == 0


async def test_what_a_killed_backup_left_in_plain_is_gone_with_the_next(backups: BackupService) -> None:
    left = backups.folder.path / ".work-killed"
    left.mkdir(parents=True)
    (left / "plain").write_text("everything")
    await backups.make()
    assert not left.exists()


async def test_no_secret_stands_on_a_command_line(
    backup_settings: Settings, make_backups: MakeBackups, programs: Path, tmp_path: Path
) -> None:
    recorded = tmp_path / "commands"
    record(programs, tmp_path / "bin", recorded)
    backup_settings.backup.bin_dir = str(tmp_path / "bin")
    backups = make_backups()
    await restores_of(backup_settings, backups).restore(await backups.make())
    commands = recorded.read_text()
    assert {line.split()[0] for line in commands.splitlines()} >= {"pg_dump", "pg_restore", "psql"}
    assert PASSWORD not in commands
    assert "p@ss" not in commands


def files_in(settings: Settings) -> list[str]:
    """Return what lies in the folder of the backups."""
    return sorted(path.name for path in Path(settings.backup.folder).iterdir())


def record(programs: Path, folder: Path, recorded: Path, **instead: str) -> None:
    """Put scripts before the programs that note how they are called; `instead` runs other commands."""
    folder.mkdir(exist_ok=True)
    for name in ("pg_dump", "pg_restore", "psql"):
        real = shlex.quote(str(programs / name))
        command = instead.get(name, f'exec {real} "$@"').format(real=real)
        (folder / name).write_text(
            f'#!/bin/sh\necho "{name} $*" >>{shlex.quote(str(recorded))}\n'
            f'[ "$1" != --version ] || exec {real} --version\n{command}\n'
        )
        (folder / name).chmod(0o755)


async def test_a_dump_that_broke_off_is_no_backup(
    backup_settings: Settings, make_backups: MakeBackups, programs: Path, tmp_path: Path, clock: SetClock
) -> None:
    good = await make_backups().make()
    clock.pass_by(hours=1)
    # It says that all went well, and has written half.
    half = '{real} "$@"; for a; do case $a in --file=*) f=${{a#--file=}};; esac; done; truncate -s 5000 "$f"'
    record(programs, tmp_path / "bin", tmp_path / "commands", pg_dump=half)
    backup_settings.backup.bin_dir = str(tmp_path / "bin")
    with pytest.raises(BackupError, match="pg_restore failed"):
        await make_backups().make()
    assert make_backups().folder.names() == [good]
    assert len(files_in(backup_settings)) == 3


async def test_a_damaged_backup_is_refused_and_the_database_stays_as_it_is(
    backup_settings: Settings, backups: BackupService
) -> None:
    name = await backups.make()
    path = backups.folder.path / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupError, match="checksum"):
        await restores_of(backup_settings, backups).restore(name)
    assert await contents_of(backup_settings) == WHOLE


async def test_a_restore_that_fails_in_the_middle_leaves_the_old_data(
    backup_settings: Settings, make_backups: MakeBackups, programs: Path, tmp_path: Path
) -> None:
    name = await make_backups().make()
    await in_database(backup_settings, "DELETE FROM messages WHERE id % 2 = 0")
    record(programs, tmp_path / "bin", tmp_path / "commands", psql='{real} "$@" --command="SELECT 1/0"')
    backup_settings.backup.bin_dir = str(tmp_path / "bin")
    with pytest.raises(BackupError, match="division by zero"):
        await restores_of(backup_settings, make_backups()).restore(name)
    assert (await contents_of(backup_settings))[:2] == (2, 50)


async def test_a_database_in_use_is_not_replaced_under_the_feet_of_its_users(
    backup_settings: Settings, backups: BackupService
) -> None:
    name = await backups.make()
    engine: AsyncEngine = create_engine(backup_settings.database, process="bot")
    async with engine.connect():
        with pytest.raises(BackupError, match=r"in use by vitte-bot \(1\): stop them first"):
            await restores_of(backup_settings, backups).restore(name)
    await engine.dispose()
    await restores_of(backup_settings, backups).restore(name)


async def test_an_encrypted_backup_opens_with_its_key_only(
    backup_settings: Settings, make_backups: MakeBackups
) -> None:
    settings = backup_settings.backup
    settings.recipient, identity = new_key()
    name = await make_backups().make()
    content = (make_backups().folder.path / name).read_bytes()
    assert name.endswith(".dump.age")
    assert content.startswith(b"age-encryption.org/v1")
    assert b"PGDMP" not in content
    await destroy(backup_settings)
    for wrong in ("", new_key()[1], "nonsense"):
        settings.identity = type(settings.identity)(wrong)
        with pytest.raises(BackupError, match="VITTE_BACKUP__IDENTITY") as refusal:
            await restores_of(backup_settings, make_backups()).restore(name)
        assert not wrong or wrong not in str(refusal.value)
    settings.identity = type(settings.identity)(identity)
    await restores_of(backup_settings, make_backups()).restore(name)
    assert await contents_of(backup_settings) == WHOLE
    assert files_in(backup_settings) == [".lock", name, f"{name}.json"]


async def test_a_backup_survives_the_loss_of_its_machine_in_a_bucket(
    backup_settings: Settings, make_backups: MakeBackups, s3: S3
) -> None:
    await until_s3_answers(s3)
    s3.use_in(backup_settings)
    backups = make_backups()
    name = await backups.make()
    assert backups.bucket is not None
    assert await backups.bucket.names() == backups.folder.names() == [name]
    backups.folder.remove(name)
    await destroy(backup_settings)
    assert await backups.newest() == name
    await restores_of(backup_settings, backups).restore(name)
    assert await contents_of(backup_settings) == WHOLE
    await backups.bucket.remove(name)
    assert await backups.bucket.names() == []


async def test_a_bucket_that_refuses_is_told_without_its_key_and_the_backup_is_kept(
    backup_settings: Settings, make_backups: MakeBackups, s3: S3
) -> None:
    await until_s3_answers(s3)
    s3.use_in(backup_settings)
    backup_settings.backup.s3_secret_key = type(backup_settings.backup.s3_secret_key)("not/that+one")
    with pytest.raises(BackupError, match="was not uploaded") as refusal:
        await make_backups().make()
    assert "not/that+one" not in str(refusal.value)
    assert len(make_backups().folder.names()) == 1


async def test_old_backups_are_deleted_but_never_the_last_ones(
    backup_settings: Settings, make_backups: MakeBackups, clock: SetClock, s3: S3
) -> None:
    await until_s3_answers(s3)
    s3.use_in(backup_settings)
    backup_settings.backup.keep_last, backup_settings.backup.keep_days = 2, 10
    made = []
    for days in (0, 1, 30):
        clock.pass_by(days=days)
        made.append(await make_backups().make())
    backups = make_backups()
    assert backups.bucket is not None
    assert backups.folder.names() == await backups.bucket.names() == [made[2], made[1]]
    names = [f"vitte-202604{day:02}T000000Z.dump" for day in range(1, 31)]
    assert outdated([*names, "mine.dump"], now=clock.now(), keep_last=3, keep_days=365) == []
    assert len(outdated([*names, "mine.dump"], now=clock.now(), keep_last=3, keep_days=1)) == 27


async def test_a_rehearsal_restores_and_checks_and_leaves_nothing_behind(
    backup_settings: Settings, backups: BackupService
) -> None:
    name = await backups.make()
    await in_database(backup_settings, "DELETE FROM messages WHERE id % 2 = 0")
    await in_database(backup_settings, "CREATE DATABASE vitte_drill_left_behind")
    ended = vitte(backup_settings, "backup", "drill")
    assert ended.returncode == 0, ended.stderr
    assert f"{name} is good" in ended.stdout
    left = await in_database(
        backup_settings, "SELECT datname FROM pg_database WHERE datname LIKE 'vitte_drill%'"
    )
    assert left == []
    assert (await contents_of(backup_settings))[:2] == (2, 50)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('"messages": 100', '"messages": 101'),
        ('"links": ', '"links": 9'),
        ('"indexes": ', '"indexes": 9'),
    ],
)
async def test_a_rehearsal_finds_what_did_not_come_back(
    backup_settings: Settings, backups: BackupService, change: str, words: str
) -> None:
    name = await backups.make()
    manifest = backups.folder.path / f"{name}.json"
    known = manifest.read_text()
    assert change in known
    manifest.write_text(known.replace(change, words))
    table = change.split('"')[1]
    with pytest.raises(BackupError, match=table):
        await restores_of(backup_settings, backups).drill(name)
    left = await in_database(
        backup_settings, "SELECT datname FROM pg_database WHERE datname LIKE 'vitte_drill%'"
    )
    assert left == []


async def test_a_backup_of_a_later_version_is_refused_with_its_name(
    backup_settings: Settings, backups: BackupService
) -> None:
    name = await backups.make()
    manifest = backups.folder.path / f"{name}.json"
    revision = backups.folder.manifest(name).contents.revision
    manifest.write_text(manifest.read_text().replace(f'"{revision}"', '"9999"'))
    with pytest.raises(BackupError, match="9999, which this version does not know"):
        await restores_of(backup_settings, backups).restore(name)
    assert await contents_of(backup_settings) == WHOLE


async def test_without_the_right_programs_it_says_which_to_install(
    backup_settings: Settings, make_backups: MakeBackups, tmp_path: Path
) -> None:
    backup_settings.backup.bin_dir = str(tmp_path)
    with pytest.raises(BackupError, match=r"install postgresql-client-\d+"):
        await make_backups().make()


async def test_backups_are_made_by_themselves_and_can_be_watched(backup_settings: Settings) -> None:
    command = ("-m", "vitte", "backup", "--every", "24h")
    async with running(*command, settings=backup_settings) as process:
        made = await process.logged("backup_made")
        check("backup", backup_settings)
        check("backup", backup_settings, ready=True)
        address = f"http://127.0.0.1:{backup_settings.backup.port}"
        async with aiohttp.ClientSession(address) as client:
            metrics = ""
            while 'vitte_backups_total{outcome="made"} 1.0' not in metrics:
                async with client.get("/metrics") as answer:
                    metrics = await answer.text()
        assert f"vitte_backup_size_bytes {float(made['bytes'])}" in metrics
        # From the start, or Prometheus would take the first failure for no increase.
        assert 'vitte_backups_total{outcome="failed"} 0.0' in metrics
        assert "vitte_backup_last_success_timestamp_seconds 0.0" not in metrics
        assert await process.stop() == 0
    # Started anew, it finds a fresh one and makes no other.
    async with running(*command, settings=backup_settings) as process:
        await process.logged("backup_ready")
        assert await process.stop(signal.SIGINT) == 0
    assert len(files_in(backup_settings)) == 3


async def test_a_backup_that_fails_is_counted_and_tried_again(backup_settings: Settings) -> None:
    backup_settings.database.port = 9
    async with running("-m", "vitte", "backup", "--every", "24h", settings=backup_settings) as process:
        failed = await process.logged("backup_failed")
        assert "PostgreSQL cannot be reached" in failed["reason"]
        metrics = f"http://127.0.0.1:{backup_settings.backup.port}/metrics"
        async with aiohttp.ClientSession() as client, client.get(metrics) as answer:
            assert 'vitte_backups_total{outcome="failed"} 1.0' in await answer.text()
        assert await process.stop() == 0
