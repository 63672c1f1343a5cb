"""Is there an Ollama on this machine? The answer must come at once."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.patience import PATIENCE
from vitte.embedded.ollama import Ollama, find_ollama
from vitte.embedded.ports import free_port


@contextmanager
def answering(body: Any, *, status: int = 200) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/tags" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_its_chat_models_are_listed_and_embedders_are_not() -> None:
    listed = {
        "models": [
            {"name": "qwen3:4b", "details": {"family": "qwen3"}},
            {"name": "nomic-embed-text:latest", "details": {"family": "nomic-bert"}},
            {"name": "new", "capabilities": ["embedding"]},
            {"name": "odd"},
        ]
    }
    with answering(listed) as port:
        assert find_ollama(port=port, timeout=PATIENCE) == Ollama(
            f"http://127.0.0.1:{port}/v1", ("qwen3:4b", "odd")
        )


@pytest.mark.parametrize("body", [[], {"models": None}, {"other": 1}, "text", {"models": [1]}])
def test_something_else_on_its_port_is_not_an_ollama(body: Any) -> None:
    with answering(body) as port:
        assert find_ollama(port=port, timeout=PATIENCE) is None


def test_an_error_is_not_an_ollama() -> None:
    with answering({"models": []}, status=500) as port:
        assert find_ollama(port=port, timeout=PATIENCE) is None


def test_where_nothing_listens_there_is_none() -> None:
    assert find_ollama(port=free_port()) is None


def test_one_that_hangs_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert find_ollama(port=silent.getsockname()[1]) is None
