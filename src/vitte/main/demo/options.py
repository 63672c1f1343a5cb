"""What `vitte demo` can be told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The options of the command line.

    The demo takes nine ports from `port_base` on and keeps its data in `data_dir`/`port_base`, which `reset`
    empties first. With `check` it asks the assistant one question and ends.
    """

    port_base: int = 8080
    data_dir: Path = Path(".vitte")
    reset: bool = False
    check: bool = False


class DemoError(Exception):
    """The demo cannot start; the text names the cause and the cure."""
