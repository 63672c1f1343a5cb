"""Short transactions, owned by services."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from vitte.db.engine import SessionFactory

logger = structlog.get_logger(__name__)

CommitHook = Callable[[], Awaitable[object]]


class Transaction:
    """`async with transaction:` commits at its end, or rolls back on an error, and frees the connection.

    It may be entered again and again, one transaction after the other; entered inside itself it joins the
    one that is open. Not for two tasks at once: every update, request and job has its own.
    """

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory
        self._session: AsyncSession | None = None
        self._depth = 0
        self._hooks: list[CommitHook] = []

    @property
    def session(self) -> AsyncSession:
        """The open session. Raises RuntimeError outside `async with`."""
        if self._session is None:
            raise RuntimeError("no transaction is open: the service has to enter it")
        return self._session

    @property
    def is_open(self) -> bool:
        """Whether what is read now is read inside a transaction."""
        return self._session is not None

    def on_commit(self, hook: CommitHook) -> None:
        """Run `hook` after the commit, and never if there is none.

        A hook that fails is logged and undoes nothing: what it announces is true already.
        """
        if self._session is None:
            raise RuntimeError("no transaction is open: there is no commit to wait for")
        self._hooks.append(hook)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[None]:
        """Open a transaction for one statement, which is one by itself: it saves the way of BEGIN and COMMIT.

        Inside an open transaction it is a part of that. Several statements would each be kept by themselves.
        """
        async with self:
            if self._depth == 1:
                await self.session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            yield

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = self._session_factory()
        self._depth += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        session, self._session = self.session, None
        hooks, self._hooks = self._hooks, []
        # Closing a session rolls back what was not committed.
        async with session:
            if error is None:
                await session.commit()
        if error is None:
            for hook in hooks:
                try:
                    await hook()
                except Exception:
                    logger.exception("commit_hook_failed")
