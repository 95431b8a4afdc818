"""A server of files as nginx is one, which answers ranges; what it sends is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.serving import listening


@dataclass
class Counted:
    """A server's address, and the bytes of bodies sent since `sent` was set to 0."""

    address: str = ""
    sent: int = 0


@contextmanager
def ranges(folder: Path) -> Iterator[Counted]:
    """The files of a folder on a port of this machine."""
    counted = Counted()

    def counting(app: ASGIApp) -> ASGIApp:
        async def counts(scope: Scope, receive: Receive, send: Send) -> None:
            async def sends(message: Message) -> None:
                counted.sent += len(message.get("body", b""))
                await send(message)

            await app(scope, receive, sends)

        return counts

    app = Starlette()
    app.mount("/", counting(StaticFiles(directory=folder)))
    with listening(app) as counted.address:
        yield counted
