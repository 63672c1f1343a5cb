"""What a job is."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

JobFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """A job's name and what it does.

    Parameters marked `FromDishka[...]` are injected, of a scope that lives as long as the job; the
    others come with the message.
    """

    name: str
    function: JobFunction


_JOBS: dict[str, Job] = {}


def job(name: str) -> Callable[[JobFunction], JobFunction]:
    """Make an async function the job `name`. Raises ValueError for a name that is taken."""

    def register(function: JobFunction) -> JobFunction:
        if name in _JOBS:
            raise ValueError(f"two jobs are called {name!r}")
        _JOBS[name] = Job(name, function)
        return function

    return register


def all_jobs() -> Iterator[Job]:
    """Import every module of `vitte.worker.tasks` and return the jobs that they define."""
    tasks = import_module("vitte.worker.tasks")
    for module in iter_modules(tasks.__path__, f"{tasks.__name__}."):
        import_module(module.name)
    yield from _JOBS.values()
