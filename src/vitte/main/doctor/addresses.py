"""What is at an address that is to be an endpoint of models?"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp

from vitte.core.settings.endpoints import without_call

_TIMEOUT = aiohttp.ClientTimeout(total=10)
# OpenAI's and most others', OpenRouter's, Groq's, Open WebUI's.
_ROOTS = ("/v1", "/api/v1", "/openai/v1", "/api")


@dataclass(frozen=True, slots=True)
class Models:
    """What an endpoint tells of its models: a status, or why there is none."""

    status: int | None = None
    names: list[str] = field(default_factory=list)
    fault: str = ""


async def list_models(base_url: str, api_key: str) -> Models:
    """Ask an endpoint for its models."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as client,
            client.get(
                f"{without_call(base_url)}/models", headers=headers, allow_redirects=False
            ) as response,
        ):
            if response.status != 200:
                return Models(response.status)
            listed = await response.json(content_type=None)
            return Models(200, [str(model["id"]) for model in listed["data"]])
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Models(fault=type(error).__name__)
    except (ValueError, KeyError, TypeError):
        # A page for people, or a list of another kind: nothing that speaks the protocol.
        return Models(404)


async def find_root(base_url: str, api_key: str) -> str | None:
    """Return the address on the same server where models are listed, if there is another."""
    parts = urlsplit(base_url)
    for path in _ROOTS:
        root = f"{parts.scheme}://{parts.netloc}{path}"
        if root != base_url and (await list_models(root, api_key)).names:
            return root
    return None
