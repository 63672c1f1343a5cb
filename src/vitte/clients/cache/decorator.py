"""Service methods whose answers are remembered."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from vitte.clients.cache.codec import decoder
from vitte.clients.cache.protocol import Cache, Kind

Value = TypeVar("Value")
Parameters = ParamSpec("Parameters")


class _MayBeOpen(Protocol):
    @property
    def is_open(self) -> bool: ...


class _Service(Protocol):
    _cache: Cache

    @property
    def _transaction(self) -> _MayBeOpen: ...


Service = TypeVar("Service", bound=_Service)
Method = Callable[Concatenate[Service, Parameters], Coroutine[Any, Any, Value | None]]


def cached(
    kind: Kind, shape: type[Value], *, key: Callable[Parameters, object]
) -> Callable[[Method[Service, Parameters, Value]], Method[Service, Parameters, Value]]:
    """Remember what the method returns, a `shape` or None, under `key` of its arguments.

    For methods of services that have a `_cache` and a `_transaction`. How long it lives is a setting of the
    kind. Inside an open transaction the method is called as it is: what it reads there may never be
    committed, and others must not see it. Raises TypeError, at once, for a shape that is no plain data.
    """
    decoder(shape)  # type: ignore[arg-type]  # a type is hashable

    def decorate(method: Method[Service, Parameters, Value]) -> Method[Service, Parameters, Value]:
        @wraps(method)
        async def read(self: Service, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Value | None:
            if self._transaction.is_open:
                return await method(self, *args, **kwargs)
            return await self._cache.read(
                kind, shape, key(*args, **kwargs), lambda: method(self, *args, **kwargs)
            )

        return read

    return decorate
