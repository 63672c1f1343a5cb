"""When a certificate ends is seen at whoever presents it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.certificates import make_certificate
from tests.web.tls import serving_tls
from vitte.core.certificates import CertificateCollector, ends_at, not_after
from vitte.core.clock import utc_now
from vitte.embedded.ports import free_port


@pytest.mark.parametrize("days", [2, 60, 20_000], ids=["soon", "later", "after 2049"])
async def test_the_end_of_a_certificate_is_seen_although_nobody_trusts_it(tmp_path: Path, days: int) -> None:
    async with serving_tls(*make_certificate(tmp_path, days=days)) as port:
        seen = await asyncio.to_thread(ends_at, "localhost", port)
    assert abs(seen - utc_now() - timedelta(days=days)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "nonsense", [b"", b"\x30", b"\x30\x03\x02\x01\x05", b"\x30\x82\xff\xff\x30\x05" + b"\x02" * 9]
)
def test_what_is_no_certificate_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ValueError, match=r"certificate|validity"):
        not_after(nonsense)


async def test_a_new_certificate_is_noticed_and_a_server_that_is_away_has_none(tmp_path: Path) -> None:
    time = 0.0
    port = free_port()
    collector = CertificateCollector(f"127.0.0.1:{port}", monotonic=lambda: time)

    async def days_left() -> float | None:
        for metric in await asyncio.to_thread(lambda: list(collector.collect())):
            [sample] = metric.samples
            assert sample.name == "vitte_certificate_expires_timestamp_seconds"
            return float(sample.value - utc_now().timestamp()) / 86400
        return None

    assert await days_left() is None
    async with serving_tls(*make_certificate(tmp_path, days=3), port=port):
        assert await days_left() is None
        time += 60
        assert await days_left() == pytest.approx(3, abs=0.1)
    async with serving_tls(*make_certificate(tmp_path, days=90), port=port):
        # Not each time that somebody asks.
        assert await days_left() == pytest.approx(3, abs=0.1)
        time += 600
        assert await days_left() == pytest.approx(90, abs=0.1)
    time += 600
    assert await days_left() is None
