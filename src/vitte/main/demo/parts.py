"""A part of the demo as data: what to run, when it is ready, what it needs first."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from vitte.embedded.ports import http_status
from vitte.embedded.process import ChildProcess
from vitte.embedded.server import EmbeddedServer


class Probe(Protocol):
    """Tells when a part is ready."""

    def is_ready(self, child: ChildProcess) -> bool:
        """Tell whether the part, whose process runs, does its work; may block for a second."""
        ...


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Ready when a GET of `url` gets 200."""

    url: str

    def is_ready(self, child: ChildProcess) -> bool:  # noqa: ARG002 - the address says it all
        """Ask the address."""
        return http_status(self.url, timeout=2) == 200


@dataclass(frozen=True, slots=True)
class LogProbe:
    """Ready when `text` appears in the log."""

    text: str

    def is_ready(self, child: ChildProcess) -> bool:
        """Look into the log."""
        return self.text in child.log_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process of the demo, or one embedded server.

    `ready` None is a job that runs once: it is ready when it has ended with exit code 0. A `server` knows
    itself how to start, so that `command`, `environment` and `ready` do not count. Times are in seconds.
    """

    name: str
    title: str
    log_file: Path
    command: tuple[str, ...] = ()
    server: EmbeddedServer | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Probe | None = None
    depends_on: tuple[str, ...] = ()
    start_timeout: float = 60.0
    stop_timeout: float = 6.0

    @property
    def runs_once(self) -> bool:
        """Whether it is a job that ends by itself."""
        return self.server is None and self.ready is None


def without_missing(parts: list[Part]) -> list[Part]:
    """Return the parts with those dependencies dropped that are not among them."""
    names = {part.name for part in parts}
    return [
        replace(part, depends_on=tuple(name for name in part.depends_on if name in names)) for part in parts
    ]
