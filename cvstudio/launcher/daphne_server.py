"""Daphne, the web server, with request bodies that flow instead of piling up in memory.

Daphne as it comes parses every form once before Django does, from one copy of the whole body in memory (in Twisted's
``Request.requestReceived``), and then queues the body a second time in pieces of 8 KB. An upload of a gigabyte would
cost several, and a picture to predict a few milliseconds. Nothing of Daphne is replaced here: two methods of its
server are extended.
"""

from __future__ import annotations

import asyncio
import gc
import io
from collections.abc import Sequence
from functools import partial
from typing import Any, BinaryIO

from daphne.cli import CommandLineInterface
from daphne.server import Server
from twisted.web.http import Request

PIECE_BYTES = 256 * 1024


class Messages:
    """What the application receives for one request: its body, read when it is wanted, then what the server says.

    Args:
        body: The request's spooled body; closed at its end.
    """

    def __init__(self, body: BinaryIO) -> None:
        self._body: BinaryIO | None = body
        self._later: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def put_nowait(self, message: dict[str, Any]) -> None:
        """Take a message of the server. The body does not come this way."""
        if message["type"] != "http.request":
            self._later.put_nowait(message)

    async def get(self) -> dict[str, Any]:
        """The next piece of the body, or the next message after it."""
        if self._body is None:
            return await self._later.get()
        await asyncio.sleep(0)  # others get a turn between the pieces of a large body
        piece = self._body.read(PIECE_BYTES)
        is_last = len(piece) < PIECE_BYTES
        if is_last:
            self._body.close()
            self._body = None
        return {"type": "http.request", "body": piece, "more_body": not is_last}


class StreamingServer(Server):  # type: ignore[misc]
    """Daphne's server with bodies that flow."""

    def protocol_connected(self, protocol: Any) -> None:
        """Leave forms to Django."""
        if isinstance(protocol, Request):
            protocol._parsePOSTFormSubmission = False
        super().protocol_connected(protocol)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Start the application of a request; its body stays in its file until it is read."""
        if scope["type"] != "http":
            return super().create_application(protocol, scope)
        assert "application_instance" not in self.connections[protocol]
        messages = Messages(protocol.content)
        protocol.content = io.BytesIO()  # what Daphne would queue, and what Twisted closes at the end
        scope.setdefault("asgi", {"version": "3.0"})
        application = self.application(scope=scope, receive=messages.get, send=partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(
            application, loop=asyncio.get_event_loop()
        )
        return messages


class StreamingCommandLine(CommandLineInterface):  # type: ignore[misc]
    """Daphne's command line with our server."""

    server_class = StreamingServer

    def run(self, args: Sequence[str]) -> None:
        """Load the application, then serve it."""
        import cvstudio.config.asgi  # noqa: F401 - so that what it brings is there before the next line

        # Modules, models and templates live as long as the process: the garbage collector need not look at
        # them again and again while requests come.
        gc.collect()
        gc.freeze()
        super().run(args)


if __name__ == "__main__":
    StreamingCommandLine.entrypoint()
