"""Health and metrics of the worker and of its clock, served by a thread of the parent process."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

_JSON = "application/json"


class WorkerHttp:
    """Serves `/health`, 503 until `is_ready` has been set, and `/metrics`."""

    def __init__(self, *, host: str, port: int, render_metrics: Callable[[], bytes]) -> None:
        self.is_ready = threading.Event()
        self._server = ThreadingHTTPServer((host, port), _handler(self.is_ready, render_metrics))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End, and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(is_ready: threading.Event, render_metrics: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, render_metrics())
            elif self.path == "/health":
                status = "ok" if is_ready.is_set() else "starting"
                body = json.dumps({"status": status}).encode()
                self._answer(200 if status == "ok" else 503, _JSON, body)
            else:
                self._answer(404, _JSON, b"{}")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
            """Say nothing: a line for every look at the metrics helps nobody."""

    return Handler
