"""Refusals in the words of real providers."""

from typing import Any

from aiohttp import web

from vitte.sandbox.llm.script import Fault, Script

_BAD = "invalid_request_error"
_STATUS: dict[Fault, tuple[int, str, str, str | None]] = {
    "refused": (401, "Incorrect API key provided.", _BAD, "invalid_api_key"),
    "overloaded": (429, "Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    "broken": (500, "The server had an error while processing your request.", "server_error", None),
}


def refusal(status: int, message: str, kind: str = _BAD, code: str | None = None) -> web.Response:
    """Return an error in the protocol's form."""
    error = {"message": message, "type": kind, "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


def refusal_of(fault: Fault | None, script: Script) -> web.Response | None:
    """Return the refusal that a fault is, if it is one."""
    if fault is None or fault not in _STATUS:
        return None
    response = refusal(*_STATUS[fault])
    if fault == "overloaded" and script.retry_after is not None:
        response.headers["Retry-After"] = str(script.retry_after)
    return response


def refusal_of_input(body: dict[str, Any], script: Script) -> web.Response | None:
    """Return the refusal of what a model cannot do with, if there is anything."""
    if script.known_models and body["model"] not in script.known_models:
        return refusal(404, f"The model `{body['model']}` does not exist.", code="model_not_found")
    if not script.sees_images and has_images(body):
        return refusal(400, "Invalid content type. image_url is only supported by certain models.")
    if not script.takes_tools and body.get("tools"):
        return refusal(400, f"{body['model']} does not support tools")
    if script.is_reasoning:
        if "max_tokens" in body:
            return refusal(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                code="unsupported_parameter",
            )
        if body.get("temperature", 1) != 1:
            return refusal(
                400,
                "Unsupported value: 'temperature' does not support this value with this model. "
                "Only the default (1) value is supported.",
                code="unsupported_value",
            )
    return None


def has_images(body: dict[str, Any]) -> bool:
    """Tell whether any message has a picture."""
    return any(
        part.get("type") == "image_url"
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
    )
