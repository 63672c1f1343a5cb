"""Short transactions, owned by services."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from vitte.db.engine import SessionFactory
from vitte.db.statement import Statement

logger = structlog.get_logger(__name__)

CommitHook = Callable[[], Awaitable[object]]


class Transaction:
    """`async with transaction:` commits at its end, or rolls back on an error, and frees the connection.

    It may be entered again and again, one transaction after the other; entered inside itself it joins the
    one that is open. Not for two tasks at once: every update, request and job has its own.
    """

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory
        self._engine: AsyncEngine = session_factory.kw["bind"]
        self._session: AsyncSession | None = None
        self._depth = 0
        self._is_single = False
        self._hooks: list[CommitHook] = []

    @property
    def session(self) -> AsyncSession:
        """The open session. Raises RuntimeError outside `async with`."""
        if self._session is None:
            if not self._depth:
                raise RuntimeError("no transaction is open: the service has to enter it")
            bind = self._engine
            if self._is_single:
                bind = bind.execution_options(isolation_level="AUTOCOMMIT")
            self._session = self._session_factory(bind=bind)
        return self._session

    @property
    def is_open(self) -> bool:
        """Whether what is read now is read inside a transaction."""
        return self._depth > 0

    async def run(self, statement: Statement, **parameters: Any) -> Sequence[Any]:
        """Run a statement as a part of what is open, and return its rows; in `single` it is all there is.

        Raises RuntimeError outside of both.
        """
        if self._is_single and self._session is None:
            return await statement.run_alone(self._engine, parameters)
        return (await self.session.execute(statement.clause, parameters)).all()

    def on_commit(self, hook: CommitHook) -> None:
        """Run `hook` after the commit, and never if there is none.

        A hook that fails is logged and undoes nothing: what it announces is true already.
        """
        if not self._depth:
            raise RuntimeError("no transaction is open: there is no commit to wait for")
        self._hooks.append(hook)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[None]:
        """Open a transaction for one statement, which is one by itself: it saves the way of BEGIN and COMMIT.

        Inside an open transaction it is a part of that. Several statements would each be kept by themselves.
        """
        self._is_single = self._is_single or not self._depth
        async with self:
            yield

    async def __aenter__(self) -> Self:
        self._depth += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        session, self._session = self._session, None
        hooks, self._hooks = self._hooks, []
        self._is_single = False
        if session is not None:
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
