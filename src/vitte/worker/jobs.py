"""What the worker can do: jobs, of which each is a row, and ticks of the clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

WorkFunction = Callable[..., Awaitable[None]]
"""Parameters marked `FromDishka[...]` are injected, of a scope that lives as long as the work; those of a
job that are not come from its row."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is done under which name."""

    jobs: dict[str, WorkFunction] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    """Jobs that do little but wait, so that a process does several of them together."""
    ticks: dict[str, WorkFunction] = field(default_factory=dict)

    def names(self) -> set[str]:
        """All names; none is both a job's and a tick's."""
        return {*self.jobs, *self.ticks}


_WORK = Work()


def job(name: str, *, waits: bool = False) -> Callable[[WorkFunction], WorkFunction]:
    """Make an async function the job `name`, ordered with `JobService.enqueue`.

    It may be begun more than once and has to stand that. One that `waits` most of its time, for a model,
    shares a process with others. Raises ValueError for a name that is taken.
    """
    if waits:
        _WORK.waiting.add(name)
    return _register(_WORK.jobs, name)


def tick(name: str) -> Callable[[WorkFunction], WorkFunction]:
    """Make an async function what the clock asks for by `name`; the schedule says when.

    Nothing remembers a tick: it looks for what there is to do, and the next one finds what it left.
    Raises ValueError for a name that is taken.
    """
    return _register(_WORK.ticks, name)


def all_work() -> Work:
    """Import every module of `vitte.worker.tasks` and return what they define."""
    tasks = import_module("vitte.worker.tasks")
    for module in iter_modules(tasks.__path__, f"{tasks.__name__}."):
        import_module(module.name)
    return _WORK


def _register(kind: dict[str, WorkFunction], name: str) -> Callable[[WorkFunction], WorkFunction]:
    def register(function: WorkFunction) -> WorkFunction:
        if name in _WORK.names():
            raise ValueError(f"two pieces of work are called {name!r}")
        kind[name] = function
        return function

    return register
