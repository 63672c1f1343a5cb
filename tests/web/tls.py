"""Servers with a certificate of their own."""

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


def make_certificate(folder: Path, *, days: int) -> tuple[Path, Path]:
    """Make a certificate of localhost's own; return it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", str(days))
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            *subject,
        ],
        capture_output=True,
        check=True,
    )
    return certificate, key


@asynccontextmanager
async def serving_tls(certificate: Path, key: Path, *, port: int = 0) -> AsyncIterator[int]:
    """Listen with a certificate; yields the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()
