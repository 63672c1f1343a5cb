"""The database is lost, with its volume, and comes back from the backup."""

import asyncio

import pytest

from tests.compose.stack import PROJECT, Stack
from vitte.sandbox.client import SandboxClient

pytestmark = pytest.mark.timeout(600)
# Every row, as text and in an order of its own.
CONTENTS = "SELECT '{0}', count(*), md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM {0} AS row"
KEPT = ("users", "dialogs", "messages")


def contents(stack: Stack) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a sum of all that is in them."""
    lines = stack.query(" UNION ALL ".join(CONTENTS.format(table) for table in KEPT)).splitlines()
    return {table: (int(count), total) for table, count, total in (line.split("|") for line in lines)}


def test_a_backup_was_made_at_the_start(stack: Stack) -> None:
    assert stack.execute("backup", "vitte", "backup", "list").count("vitte-") == 1
    assert stack.execute("backup", "stat", "-c", "%u %a", "/backups").split() == ["10001", "700"]


def test_a_restore_can_be_rehearsed_beside_the_work(stack: Stack) -> None:
    stack.execute("backup", "vitte", "backup")
    assert " is good: " in stack.execute("backup", "vitte", "backup", "drill")
    assert stack.query("SELECT count(*) FROM pg_database WHERE datname LIKE '%drill%'") == "0"


def test_nothing_is_restored_under_those_who_write(stack: Stack) -> None:
    with pytest.raises(AssertionError, match="in use by"):
        stack.execute("backup", "vitte", "restore", "--yes", "newest")


async def test_what_people_said_comes_back_although_the_volume_is_gone(
    stack: Stack, telegram: SandboxClient
) -> None:
    anna = await telegram.person("Anna before the fire")
    assert "You said: 1" in str(await anna.ask("1"))

    def lose_all_and_restore() -> None:
        stack.compose("stop", "bot", "api", "worker", "beat", "admin")
        stack.execute("backup", "vitte", "backup")
        newest = stack.execute("backup", "vitte", "backup", "list").split()[0]
        before = contents(stack)
        assert all(count for count, _ in before.values()), before
        stack.compose("rm", "--stop", "--force", "postgres")
        stack.run("docker", "volume", "rm", f"{PROJECT}_postgres")
        # What the owner does on a new machine: docs/operations.md.
        stack.compose("up", "--detach", "--wait", "postgres")
        said = stack.compose("run", "--rm", "--no-TTY", "backup", "restore", "--yes", newest)
        assert f"Restored {newest}" in said
        assert contents(stack) == before
        stack.compose("up", "--detach", "--wait", "--no-build")

    await asyncio.to_thread(lose_all_and_restore)
    assert "You said: 2" in str(await anna.ask("2", timeout=90))
