"""A message that the worker has taken, and what becomes of it."""

from celery.worker.request import Request
from kombu.asynchronous import Hub, get_event_loop
from kombu.transport.redis import Channel

_ACKNOWLEDGED_WITHIN = 1.0
"""Seconds."""


class AcknowledgedRequest(Request):  # type: ignore[misc]
    """Makes the worker connect anew when a message cannot be acknowledged.

    Celery logs that and goes on. But what is not acknowledged counts as in progress for ever, and a worker
    takes no more than it can do: after a restart of Redis with every process busy it stays connected and
    never takes a job again (https://github.com/celery/celery/issues/8030 and its kin). A new connection
    counts from zero; the message may come once more, and is dropped then, since its job is done.
    """

    def acknowledge(self) -> None:
        """Tell Redis that the message was dealt with."""
        super().acknowledge()
        self._expect_an_answer()

    def reject(self, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - Celery's signature
        """Tell Redis that the message is not for this worker."""
        super().reject(requeue=requeue)
        self._expect_an_answer()

    def _expect_an_answer(self) -> None:
        # Celery only does it when it comes back to its loop.
        if (hub := get_event_loop()) is not None:
            hub.call_later(_ACKNOWLEDGED_WITHIN, self._look, hub)  # type: ignore[no-untyped-call]

    def _look(self, hub: Hub) -> None:
        channel = self.message.channel
        if not self.message.acknowledged and channel is not None and not channel.closed:
            # Not from here: what a timer raises is logged and forgotten.
            hub.call_soon(_connect_anew, channel)  # type: ignore[no-untyped-call]


def _connect_anew(channel: Channel) -> None:
    if not channel.closed:
        raise ConnectionError("a message could not be acknowledged")
