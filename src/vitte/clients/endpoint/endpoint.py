"""One server of models: its connections, how many may use it at once, and whether it answers."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from pydantic import SecretStr

from vitte.clients.breaker import Breaker
from vitte.clients.endpoint import metrics
from vitte.clients.endpoint.failures import (
    Errors,
    Explain,
    Failure,
    failure_of,
    failure_of_connection,
    pause_before,
    read_refusal,
)
from vitte.core.errors import VitteError
from vitte.core.settings.endpoints import without_call

logger = structlog.get_logger(__name__)

_PIECE = 1 << 16
# Seconds that a connection rests for the next call. Servers close theirs after two or more, and what is sent
# in that moment is lost.
_KEPT_FOR = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """Where a server is and how it is treated; times in seconds."""

    base_url: str
    api_key: SecretStr
    connect_timeout: float = 10.0
    concurrency: int = 0
    """Most calls at once; 0 is no limit."""
    queue_timeout: float = 20.0
    retries: int = 2
    breaker_failures: int = 5
    breaker_pause: float = 10.0


class Admission:
    """A call that was let in. Its end tells the breaker whether the server is there."""

    def __init__(self, note_answer: Callable[[], None]) -> None:
        self._note_answer = note_answer
        self.is_answered = False

    def note_answer(self) -> None:
        """Say that the server has begun to answer: what happens from now on is no sign of its absence."""
        if not self.is_answered:
            self.is_answered = True
            self._note_answer()


class Endpoint:
    """A server that speaks OpenAI's protocol. Keeps its connections; close it at the end.

    Everything that is asked of one server goes through one of these, whichever models it has: they are away
    together, and share its places. The limit of calls at once is this process's own.
    """

    def __init__(
        self,
        name: str,
        config: EndpointConfig,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.config = config
        self._pause = pause
        self._chance = chance
        self._root = without_call(config.base_url)
        self._breaker = Breaker(retry_after=config.breaker_pause, failures=config.breaker_failures)
        # Places are given in the order in which they were asked for.
        self._places = asyncio.Semaphore(config.concurrency) if config.concurrency else None
        self._session: aiohttp.ClientSession | None = None
        self._busy = metrics.BUSY.labels(name)
        self._waiting = metrics.WAITING.labels(name)
        metrics.AWAY.labels(name).set(0)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def admission(self, errors: Errors, *, until: float) -> AsyncIterator[Admission]:
        """Hold a place for a call until it ends; `until` is the loop's time at which it gives up.

        Raises `errors.unavailable` at once while the server is left alone, and `errors.overloaded` when no
        place becomes free in time.
        """
        if self._breaker.is_open():
            raise self._left_alone(errors)
        async with self._place(errors, until=until):
            if not self._breaker.admits():
                raise self._left_alone(errors)
            admission = Admission(self._note_answer)
            try:
                yield admission
            except (errors.unavailable, errors.timeout, *errors.broken) as error:
                if not admission.is_answered:
                    self._note_silence(error)
                raise
            except errors.overloaded:
                # Of one that is there it says nothing: a limit of one model is none of another. Of one that
                # was away it does: others need not wait until this model has no limit any more.
                if self._breaker.is_away:
                    admission.note_answer()
                raise
            except VitteError:
                admission.note_answer()
                raise

    @asynccontextmanager
    async def post(
        self,
        path: str,
        body: bytes | Callable[[], aiohttp.FormData],
        *,
        errors: Errors,
        explain: Explain,
        until: float,
        headers: Mapping[str, str],
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Call the server, more than once where that may help, and yield its answer once it is 200.

        Waits until `until` (the loop's time) for the headers. A form can be read once, so it is made anew for
        each try. Raises an error of `errors`, or what `explain` makes of a refusal.
        """
        attempt = 0
        while True:
            answer = await self._try(path, body, errors=errors, explain=explain, until=until, headers=headers)
            if isinstance(answer, aiohttp.ClientResponse):
                break
            await self._wait_for_another_try(answer, attempt, until=until)
            attempt += 1
        try:
            yield answer
        finally:
            # Not release(): the rest of an answer that nobody wants must stop being made.
            answer.close()

    async def _try(
        self,
        path: str,
        body: bytes | Callable[[], aiohttp.FormData],
        *,
        errors: Errors,
        explain: Explain,
        until: float,
        headers: Mapping[str, str],
    ) -> aiohttp.ClientResponse | Failure:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_FOR)
            )
        sent = dict(headers)
        if key := self.config.api_key.get_secret_value():
            sent["Authorization"] = f"Bearer {key}"
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout_at(until):
                response = await self._session.post(
                    f"{self._root}{path}",
                    data=body if isinstance(body, bytes) else body(),
                    headers=sent,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.config.connect_timeout),
                    allow_redirects=False,
                )
                if response.status == 200:
                    answer, response = response, None
                    return answer
                return failure_of(await read_refusal(response), errors, explain)
        except aiohttp.ClientError as error:
            return failure_of_connection(error, errors)
        except TimeoutError:
            raise errors.timeout("no answer in time") from None
        finally:
            if response is not None:
                response.close()

    async def _wait_for_another_try(self, failure: Failure, attempt: int, *, until: float) -> None:
        """Wait, or raise the failure's error when there is to be no other try."""
        if not failure.may_pass or attempt >= self.config.retries:
            raise failure.error
        seconds = pause_before(attempt, retry_after=failure.retry_after, chance=self._chance())
        if seconds is None or asyncio.get_running_loop().time() + seconds >= until:
            raise failure.error
        metrics.RETRIES.labels(self.name, failure.error.code).inc()
        logger.info(
            "model_asked_again", endpoint=self.name, reason=str(failure.error), pause=round(seconds, 2)
        )
        await self._pause(seconds)

    async def fetch(
        self,
        path: str,
        body: bytes | Callable[[], aiohttp.FormData],
        *,
        errors: Errors,
        explain: Explain,
        within: float,
        most_bytes: int,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Call the server and return its whole answer, within so many seconds."""
        until = asyncio.get_running_loop().time() + within
        async with (
            self.admission(errors, until=until) as admission,
            self.post(
                path, body, errors=errors, explain=explain, until=until, headers=headers or {}
            ) as response,
        ):
            content = bytearray()
            try:
                async with asyncio.timeout_at(until):
                    async for piece in response.content.iter_chunked(_PIECE):
                        content += piece
                        if len(content) > most_bytes:
                            raise errors.misconfigured("the answer does not end")
            except TimeoutError:
                raise errors.timeout("no end in time") from None
            except aiohttp.ClientError as error:
                raise errors.unavailable(type(error).__name__) from error
            admission.note_answer()
            return bytes(content)

    @asynccontextmanager
    async def _place(self, errors: Errors, *, until: float) -> AsyncIterator[None]:
        if self._places is not None:
            until = min(until, asyncio.get_running_loop().time() + self.config.queue_timeout)
            with self._waiting.track_inprogress():
                try:
                    async with asyncio.timeout_at(until):
                        await self._places.acquire()
                except TimeoutError:
                    logger.warning("model_has_no_place", endpoint=self.name)
                    raise errors.overloaded("no place in time") from None
        try:
            with self._busy.track_inprogress():
                yield
        finally:
            if self._places is not None:
                self._places.release()

    def _left_alone(self, errors: Errors) -> VitteError:
        metrics.SKIPPED.labels(self.name).inc()
        return errors.unavailable("left alone, since it has not answered lately")

    def _note_silence(self, error: VitteError) -> None:
        if self._breaker.note_failure():
            metrics.AWAY.labels(self.name).set(1)
            logger.warning("model_endpoint_away", endpoint=self.name, reason=str(error))

    def _note_answer(self) -> None:
        if self._breaker.note_success():
            metrics.AWAY.labels(self.name).set(0)
            logger.info("model_endpoint_back", endpoint=self.name)
