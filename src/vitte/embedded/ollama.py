"""Is an Ollama answering on this machine, and what can it talk with?"""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from vitte.embedded.ports import LOCALHOST, answers_tcp

DEFAULT_PORT = 11434
# Families that turn text into numbers and cannot chat.
_NOT_CHATTING = ("bert", "embed", "minilm", "rerank", "bge-")


@dataclass(frozen=True, slots=True)
class Ollama:
    """An Ollama that answers. `base_url` is its OpenAI-compatible side, `models` its chat models, newest
    first.
    """

    base_url: str
    models: tuple[str, ...]


def find_ollama(*, port: int = DEFAULT_PORT, timeout: float = 0.25) -> Ollama | None:
    """Return the Ollama on this machine, or None when none answers within `timeout` seconds.

    https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models
    """
    deadline = time.monotonic() + timeout
    if not answers_tcp(port, timeout=timeout):
        return None
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=max(0.01, deadline - time.monotonic()))
    try:
        connection.request("GET", "/api/tags")
        body = _read(connection.getresponse(), deadline=deadline)
        listed = json.loads(body)["models"]
        names = tuple(str(model["name"]) for model in listed if _chats(model))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return None
    finally:
        connection.close()
    return Ollama(base_url=f"http://{LOCALHOST}:{port}/v1", models=names)


def _read(response: http.client.HTTPResponse, *, deadline: float) -> bytes:
    if response.status != 200:
        raise ValueError(f"status {response.status}")
    body = bytearray()
    while more := response.read1(65_536):
        body += more
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


def _chats(model: dict[str, Any]) -> bool:
    capabilities = model.get("capabilities")
    if isinstance(capabilities, list):
        return "completion" in capabilities
    family = str((model.get("details") or {}).get("family", ""))
    return not any(word in f"{model['name']} {family}".lower() for word in _NOT_CHATTING)
