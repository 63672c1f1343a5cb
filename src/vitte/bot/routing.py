"""aiogram's dispatcher, with the way of an update laid out once instead of walked at each."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiogram import Bot, Dispatcher, Router
from aiogram.dispatcher.event.bases import UNHANDLED, SkipHandler
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.dispatcher.middlewares.user_context import UserContextMiddleware
from aiogram.filters import Command
from aiogram.types import Message, TelegramObject, Update
from dishka import AsyncContainer
from dishka.integrations.aiogram import CONTAINER_NAME, inject_router

Next = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

_CONTEXT = frozenset({"event_context", "event_from_user", "event_chat", "event_thread_id"})
"""What aiogram finds out of every update for handlers that ask for it by name."""


class LaidOutDispatcher(Dispatcher):
    """Leads an update to its handler as aiogram's own dispatcher does, past what is not there.

    That one passes an update through an observer of updates, two middlewares of its own and one observer a
    router, and wraps all middlewares anew in each: more than all that a command's handler does. [aiogram
    3.31] Here the handlers of one kind of update stand in one row behind the dispatcher's middlewares. Each
    update has one request container. A handler of a command is asked only about a command of that name.

    Handlers, filters, the dispatcher's outer middlewares and inner ones anywhere are aiogram's own. What
    would make the row no row is refused with NotImplementedError before the first update: outer middlewares
    and filters of a whole router, handlers of errors and middlewares of the update itself.
    """

    def __init__(self, container: AsyncContainer) -> None:
        # Nothing is kept between updates outside the database, so there is no state storage to lock.
        super().__init__(disable_fsm=True)
        for middleware in tuple(self.update.outer_middleware):
            self.update.outer_middleware.unregister(middleware)
        self._container = container
        self._ways: dict[str, Next] | None = None
        self._wants_context = False

    async def emit_startup(self, *args: Any, **kwargs: Any) -> None:
        """Tell those who want to know of the start, and lay out the ways."""
        await super().emit_startup(*args, **kwargs)
        self._ways = self._lay_out()

    async def feed_update(self, bot: Bot, update: Update, **kwargs: Any) -> Any:
        """Lead an update to its handler; return what that returns, or UNHANDLED."""
        if self._ways is None:
            self._ways = self._lay_out()
        if update.bot is not bot:
            update = Update.model_validate(update.model_dump(), context={"bot": bot})
        for kind, way in self._ways.items():
            if (event := getattr(update, kind)) is not None:
                data = self._data_of(update) | kwargs | {"bot": bot}
                async with self._container() as container:
                    data[CONTAINER_NAME] = container
                    return await way(event, data)
        return UNHANDLED

    def _data_of(self, update: Update) -> dict[str, Any]:
        """Return what aiogram hands to middlewares, filters and handlers by name."""
        data = {"dispatcher": self, **self.workflow_data, "event_update": update}
        if self._wants_context:
            context = UserContextMiddleware.resolve_event_context(update)
            data["event_context"] = context
            data["event_from_user"] = context.user
            data["event_chat"] = context.chat
            data["event_thread_id"] = context.thread_id
        return data

    def _lay_out(self) -> dict[str, Next]:
        inject_router(self)
        if any(router.errors.handlers for router in self.chain_tail) or self.update.outer_middleware:
            raise NotImplementedError("neither errors nor whole updates pass a handler of their own here")
        ways = {}
        for kind, observer in self.observers.items():
            stops = list(_stops(self, kind))
            if stops or observer.outer_middleware:
                ways[kind] = _wrapped(observer.outer_middleware, partial(_go, stops))
            self._wants_context = self._wants_context or any(stop.wants_context for stop in stops)
        # The update itself is no kind of update, and its handler is the walk that is not walked here.
        del ways["update"]
        return ways


@dataclass(frozen=True, slots=True)
class _Stop:
    """A handler on the way, behind its inner middlewares; `words` are those of its command, if it has one."""

    handler: HandlerObject
    router: Router
    call: Next
    words: frozenset[str] | None

    @property
    def wants_context(self) -> bool:
        """Whether the handler, or a filter before it, asks for what is found out of an update."""
        return any(
            part.varkw or not _CONTEXT.isdisjoint(part.params)
            for part in (self.handler, *(self.handler.filters or ()))
        )


def _stops(router: Router, kind: str, middlewares: Sequence[Any] = ()) -> Iterable[_Stop]:
    """Yield the handlers of a router and of all below it, in aiogram's order."""
    observer: TelegramEventObserver | None = router.observers.get(kind)
    if observer is not None:
        is_root = router.parent_router is None
        filters = observer._handler.filters  # noqa: SLF001 - aiogram tells of them nowhere else
        if filters or (observer.outer_middleware and not is_root):
            raise NotImplementedError(f"router {router.name!r} filters or wraps all that passes it")
        middlewares = (*middlewares, *observer.middleware)
        for handler in observer.handlers:
            yield _Stop(handler, router, _wrapped(middlewares, partial(_call, handler)), _words_of(handler))
    for below in router.sub_routers:
        yield from _stops(below, kind, middlewares)


def _wrapped(middlewares: Iterable[Any], inmost: Next) -> Next:
    for middleware in reversed(tuple(middlewares)):
        inmost = partial(middleware, inmost)
    return inmost


async def _call(handler: HandlerObject, event: TelegramObject, data: dict[str, Any]) -> Any:
    return await handler.call(event, **data)


async def _go(stops: Sequence[_Stop], event: TelegramObject, data: dict[str, Any]) -> Any:
    word = _word_of(event)
    for stop in stops:
        if stop.words is not None and word not in stop.words:
            continue
        data["handler"], data["event_router"] = stop.handler, stop.router
        passes, found = await stop.handler.check(event, **data)
        if passes:
            try:
                return await stop.call(event, found)
            except SkipHandler:
                continue
    return UNHANDLED


def _words_of(handler: HandlerObject) -> frozenset[str] | None:
    """Return the names of which one has to be said for the handler's filters to pass, if they are names."""
    for one in handler.filters or ():
        if isinstance(one.callback, Command):
            names = [name for name in one.callback.commands if isinstance(name, str)]
            if len(names) == len(one.callback.commands):
                return frozenset(name.casefold() for name in names)
    return None


def _word_of(event: TelegramObject) -> str | None:
    """Return what a message would have to be a command of: only a filter knows whether it is one."""
    text = (event.text or event.caption) if isinstance(event, Message) else None
    words = text.split(maxsplit=1) if text else None
    return words[0][1:].partition("@")[0].casefold() if words else None
