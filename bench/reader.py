"""The least that reads a model's streamed answer: what a bot's own cost is held against."""

import asyncio
import sys
import time

import aiohttp
import orjson

_QUESTION = {"model": "scripted", "stream": True, "messages": [{"role": "user", "content": "?"}]}


async def _read(session: aiohttp.ClientSession, url: str, *, after: float) -> str:
    await asyncio.sleep(after)
    text = ""
    async with session.post(url, json=_QUESTION) as response:
        async for line in response.content:
            if line.startswith(b"data: {"):
                for choice in orjson.loads(line[6:])["choices"]:
                    text += choice["delta"].get("content", "")
    return text


async def _read_all(url: str, count: int, pace: float) -> float:
    """Return the milliseconds of CPU that each of so many answers costs, begun so many seconds apart."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        # The connections, and whatever else is made once.
        await asyncio.gather(*(_read(session, url, after=index * pace) for index in range(count)))
        before = time.process_time()
        await asyncio.gather(*(_read(session, url, after=index * pace) for index in range(count)))
        return (time.process_time() - before) * 1000 / count


def main() -> None:
    """Read from a port as many answers as asked for, so far apart, and print what one costs."""
    _, port, count, pace = sys.argv
    print(asyncio.run(_read_all(f"http://127.0.0.1:{port}/v1/chat/completions", int(count), float(pace))))


if __name__ == "__main__":
    main()
