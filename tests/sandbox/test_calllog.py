"""The call log's file and its memory."""

from pathlib import Path

import orjson

from tests.sandbox.waiting import until
from vitte.sandbox.calllog import CallLog
from vitte.sandbox.testing import running_sandbox
from vitte.sandbox.timing import ManualClock


async def test_file_has_every_call_soon_and_all_after_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log" / "calls.jsonl"
    async with running_sandbox(call_log=path) as sandbox:
        await sandbox.call("getMe")
        await until(lambda: path.stat().st_size > 0)
        await sandbox.call("sendMessage")
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [(line["kind"], line["method"], line["status"]) for line in lines] == [
        ("call", "getMe", 200),
        ("call", "sendMessage", 400),
    ]
    assert [line["seq"] for line in lines] == [1, 2]


async def test_memory_keeps_the_latest_lines_of_each_kind(clock: ManualClock) -> None:
    log = CallLog(clock=clock, path=None, memory=3)
    for number in range(5):
        log.call({"bot_id": 42, "method": str(number)})
        log.delivery(bot_id=42, update_id=number, how="poll", attempt=1)
    assert [line["method"] for line in log.lines()] == ["2", "3", "4"]
    assert [line["update_id"] for line in log.lines(kind="delivery")] == [2, 3, 4]
    assert [line["seq"] for line in log.lines(kind="all")] == [5, 6, 7, 8, 9, 10]
