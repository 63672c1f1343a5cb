"""Servers with a certificate of their own."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


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
