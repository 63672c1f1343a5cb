"""Finding free ports and waiting for answers."""

import socket
import time

from vitte.embedded.ports import answers_tcp, free_port, http_status, is_free, wait_for_tcp


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        assert answers_tcp(port)
    assert not answers_tcp(port)


def test_what_speaks_no_http_has_no_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert http_status(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.1) is None


def test_waiting_for_nobody_ends_at_the_deadline() -> None:
    begun = time.monotonic()
    assert not wait_for_tcp(free_port(), timeout=0.2)
    assert time.monotonic() - begun >= 0.2
