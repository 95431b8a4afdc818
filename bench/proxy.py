"""A proxy on this machine that hands connections to page processes in turn, in its own process."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from urllib.parse import urlsplit

from bench.serving import ROOT, free_port, wait_for


@contextmanager
def proxied(addresses: Sequence[str]) -> Iterator[str]:
    """One address before several; yields it."""
    port = free_port()
    command = [sys.executable, "-m", "bench.proxy", str(port), *addresses]
    started = subprocess.Popen(command, cwd=ROOT)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/_stcore/health", started)
        yield address
    finally:
        started.terminate()
        started.wait()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    with suppress(ConnectionError):
        writer.close()


async def _serve(port: int, addresses: Sequence[str]) -> None:
    turn = cycle([urlsplit(one) for one in addresses])

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = next(turn)
        there, back = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(_pass(reader, back), _pass(there, writer))

    async with await asyncio.start_server(one, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2:]))
