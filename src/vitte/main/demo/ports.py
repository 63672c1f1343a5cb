"""Which part of the demo listens where."""

from collections.abc import Iterable
from dataclasses import dataclass

from vitte.embedded.ports import is_free
from vitte.main.demo.options import DemoError


@dataclass(frozen=True, slots=True)
class DemoPorts:
    """Nine ports in a row from `base` on."""

    base: int

    @property
    def chat(self) -> int:
        """The sandbox: its chat page and its Bot API."""
        return self.base

    @property
    def admin(self) -> int:
        """The owner's panel."""
        return self.base + 1

    @property
    def api(self) -> int:
        """The public HTTP API."""
        return self.base + 2

    @property
    def bot(self) -> int:
        """Health and metrics of the bot."""
        return self.base + 3

    @property
    def worker(self) -> int:
        """Metrics of the worker."""
        return self.base + 4

    @property
    def beat(self) -> int:
        """Health and metrics of the clock."""
        return self.base + 5

    @property
    def llm(self) -> int:
        """The local AI."""
        return self.base + 6

    @property
    def postgres(self) -> int:
        """PostgreSQL."""
        return self.base + 7

    @property
    def redis(self) -> int:
        """Redis."""
        return self.base + 8

    def check(self, names: Iterable[str]) -> None:
        """Raise `DemoError` unless the ports of all parts in `names` are free."""
        taken = [(name, port) for name in names if not is_free(port := getattr(self, name))]
        if taken:
            whose = ", ".join(f"{port} ({name})" for name, port in taken)
            raise DemoError(
                f"In use by another program: port {whose}. Choose other ports: "
                f"vitte demo --port-base {self.base + 100}"
            )
