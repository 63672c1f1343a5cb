"""Faults that a test asked for."""

import itertools
import random
from dataclasses import dataclass
from typing import Literal, get_args

from vitte.sandbox.errors import BotApiError, too_many_requests

FaultKind = Literal["429", "500", "502", "403", "timeout", "disconnect"]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(slots=True)
class Fault:
    """What goes wrong with the calls it matches.

    `method` in any case, "*" matches all; `chat_id` None matches all; `times` None never ends; `rate` is the
    share of matching calls hit; `delay` is how many seconds the call hangs first; with `performed` the call
    takes effect and only its answer is lost ("timeout" and "disconnect") or replaced.
    """

    id: int
    kind: FaultKind
    method: str = "*"
    chat_id: int | None = None
    retry_after: int = 1
    times: int | None = None
    rate: float = 1.0
    delay: float = 0.0
    performed: bool = False

    def matches(self, method: str, chat_id: int | None) -> bool:
        """Tell whether the call is one this fault is for."""
        if self.chat_id is not None and self.chat_id != chat_id:
            return False
        return self.method == "*" or self.method.lower() == method

    @property
    def silent(self) -> bool:
        """Tell whether the caller gets no answer at all."""
        return self.kind in {"timeout", "disconnect"}

    def error(self) -> BotApiError:
        """Return the answer the caller gets in place of the real one."""
        if self.kind == "429":
            return too_many_requests(self.retry_after)
        if self.kind == "403":
            return BotApiError(403, "Forbidden: bot was blocked by the user")
        if self.kind == "502":
            return BotApiError(502, "Bad Gateway")
        return BotApiError(500, "Internal Server Error")


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        # Which calls are hit is a test's dice, not a secret.
        self._random = random.Random()  # noqa: S311 - see above

    def add(
        self,
        kind: FaultKind,
        *,
        method: str = "*",
        chat_id: int | None = None,
        retry_after: int = 1,
        times: int | None = None,
        rate: float = 1.0,
        delay: float = 0.0,
        performed: bool = False,
    ) -> int:
        """Put a fault in force and return its id; see `Fault`."""
        fault = Fault(next(self._ids), kind, method, chat_id, retry_after, times, rate, delay, performed)
        self._faults.append(fault)
        return fault.id

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def pick(self, method: str, chat_id: int | None) -> Fault | None:
        """Return the oldest fault that hits this call, and count it; `method` is lower case."""
        for fault in self._faults:
            if not fault.matches(method, chat_id) or self._random.random() >= fault.rate:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None
