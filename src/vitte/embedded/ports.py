"""Finding free ports, and waiting until something answers on one."""

import http.client
import random
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

LOCALHOST = "127.0.0.1"

# Below the range that Linux (32768 up) and macOS (49152 up) hand out to outgoing connections: a server that
# is restarted finds its port as it left it.
_LOWEST, _HIGHEST = 20_000, 32_000
_given: set[int] = set()
"""Ports that were given out: nobody may listen there yet."""


def is_free(port: int, *, host: str = LOCALHOST) -> bool:
    """Tell whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set it too: without it a port that was closed a moment ago looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(*, host: str = LOCALHOST) -> int:
    """Return a port that nobody listens on, from a range that outgoing connections do not use."""
    for _ in range(200):
        port = random.randint(_LOWEST, _HIGHEST)  # noqa: S311 - spreads test runs, guards nothing
        if port not in _given and is_free(port, host=host):
            _given.add(port)
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def answers_tcp(port: int, *, host: str = LOCALHOST, timeout: float = 1.0) -> bool:
    """Tell whether something accepts a connection on `port` within `timeout` seconds."""
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False


def http_status(url: str, *, timeout: float = 1.0) -> int | None:
    """Return the status that a GET of the plain-HTTP `url` gets, or None when nothing speaks HTTP there."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or LOCALHOST, parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return None
    else:
        return response.status
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], *, timeout: float, interval: float = 0.02) -> bool:
    """Ask `condition` every `interval` seconds until it holds or `timeout` seconds have passed; tell whether
    it held.

    What `condition` raises, it raises: that is how a wait is given up early.
    """
    deadline = time.monotonic() + timeout
    while True:
        if condition():
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)


def wait_for_tcp(port: int, *, host: str = LOCALHOST, timeout: float) -> bool:
    """Wait up to `timeout` seconds until something accepts connections on `port`."""
    return wait_until(lambda: answers_tcp(port, host=host), timeout=timeout)


def wait_for_http(url: str, *, timeout: float, status: int = 200) -> bool:
    """Wait up to `timeout` seconds until a GET of `url` gets `status`."""
    return wait_until(lambda: http_status(url) == status, timeout=timeout, interval=0.05)
