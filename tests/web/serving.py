"""An application served on a free port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from starlette.types import ASGIApp

from vitte.core.nursery import Nursery
from vitte.web.server import serve


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """Serve `app` as its process does; yields its address."""
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    nursery = Nursery()
    task = nursery.start(
        serve(app, host="127.0.0.1", port=0, stop=stop, patience=20, on_start=port.set_result), name="server"
    )
    await asyncio.wait({task, port}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield f"http://127.0.0.1:{await port}"
    finally:
        stop.set()
        await task


@asynccontextmanager
async def browsing(app: ASGIApp) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve `app`; yields a client that needs no more than paths, and follows no redirects by itself."""
    async with (
        serving(app) as address,
        aiohttp.ClientSession(address, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
    ):
        yield client
