"""When the certificate ends that a server presents."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

logger = structlog.get_logger(__name__)

_TIMEOUT = 3.0
_LOOK_AGAIN_AFTER = 600.0
_TRY_AGAIN_AFTER = 60.0
_SEQUENCE, _UTC_TIME, _EXPLICIT_VERSION = 0x30, 0x17, 0xA0


class CertificateCollector(Collector):
    """When the certificate at `address`, host and port, ends; nothing while nobody answers there.

    It is looked at when somebody asks for the metrics, and not each time.
    """

    def __init__(
        self,
        address: str,
        *,
        look: Callable[[str, int], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._ends_at_of = look or ends_at
        self._monotonic = monotonic
        self._look_at = monotonic()
        self._ends_at: datetime | None = None

    def describe(self) -> Iterator[Metric]:
        """Say nothing before it is asked: registering must not connect to anything."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Tell what was seen, and look again when that is old."""
        if self._monotonic() >= self._look_at:
            self._look()
        if self._ends_at is not None:
            yield GaugeMetricFamily(
                "vitte_certificate_expires_timestamp_seconds",
                "When the certificate ends that browsers and Telegram see.",
                value=self._ends_at.timestamp(),
            )

    def _look(self) -> None:
        try:
            self._ends_at = self._ends_at_of(self._host, self._port)
        except (OSError, ValueError) as error:
            self._ends_at = None
            logger.warning("certificate_not_seen", host=self._host, port=self._port, reason=str(error))
        self._look_at = self._monotonic() + (_TRY_AGAIN_AFTER if self._ends_at is None else _LOOK_AGAIN_AFTER)


def ends_at(host: str, port: int) -> datetime:
    """Return when the certificate ends that is presented there, be it trusted, expired or neither.

    Raises OSError, and ValueError for what is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # An expired one is just what has to be seen, and nothing is said over this connection.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=_TIMEOUT) as connection,
        context.wrap_socket(connection, server_hostname=host) as tls,
    ):
        return not_after(tls.getpeercert(binary_form=True) or b"")


def not_after(certificate: bytes) -> datetime:
    """Return the end of a certificate in DER. Python reads none that it does not trust.

    https://www.rfc-editor.org/rfc/rfc5280#section-4.1 . Raises ValueError.
    """
    try:
        _, outer, _ = _element(certificate)
        _, rest, _ = _element(outer)
        if rest[0] == _EXPLICIT_VERSION:
            _, _, rest = _element(rest)
        # Serial number, algorithm, issuer.
        for _ in range(3):
            _, _, rest = _element(rest)
        kind, validity, _ = _element(rest)
        if kind != _SEQUENCE:
            raise ValueError(f"element {kind:#x} where the validity belongs")
        _, _, after_the_first = _element(validity)
        kind, text, _ = _element(after_the_first)
    except IndexError:
        raise ValueError("it ends too early for a certificate") from None
    written = text.decode("ascii")
    if kind == _UTC_TIME:
        # Two digits of a year, from 1950 to 2049.
        written = ("19" if written[:2] >= "50" else "20") + written
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Split off one element of DER: its tag, its content, and what follows."""
    tag, length, begin = data[0], data[1], 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(data[2:begin])
    return tag, data[begin : begin + length], data[begin + length :]
