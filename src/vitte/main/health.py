"""`vitte health`: whether a process of this machine, or of this container, is alive."""

import http.client
from http import HTTPStatus

from vitte.core.settings import Process, Settings

_TIMEOUT = 5.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a process listens, not where we do


class UnhealthyError(Exception):
    """The process does not do what it should; the text says what was seen."""


def check(process: Process, settings: Settings, *, ready: bool = False) -> None:
    """Ask `process` for a sign of life, or whether it is `ready`: then it asks what stands behind it.

    Raises UnhealthyError.
    """
    if process == "beat":
        _check_clock()
        return
    host, port, path = {
        "api": (settings.api.host, settings.api.port, "/health"),
        "admin": (settings.admin.host, settings.admin.port, "/admin/health"),
        "bot": (settings.bot.host, settings.bot.port, "/health"),
        "worker": (settings.worker.host, settings.worker.metrics_port, "/health"),
        "backup": (settings.backup.host, settings.backup.port, "/health"),
    }[process]
    # The worker's one answer says already that it is connected, and a backup waits for what is away.
    has_ready = process in {"api", "admin", "bot"}
    _check_http(_ANY_ADDRESS.get(host, host), port, f"{path}/ready" if ready and has_ready else path)


def _check_http(host: str, port: int, path: str) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise UnhealthyError(f"{host}:{port} does not answer: {error}") from None
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise UnhealthyError(f"{host}:{port}{path} answers {answer.status}")


def _check_clock() -> None:
    from vitte.worker import sign_of_life

    age = sign_of_life.age()
    if age is None:
        raise UnhealthyError("the clock has not ticked yet")
    if age > sign_of_life.MAX_AGE:
        raise UnhealthyError(f"the clock has not ticked for {age:.0f} s")
