"""Files as downloads, sent piece by piece whatever server runs us.

Django's own `FileResponse` gives the ASGI server a synchronous iterator, which it reads into memory as a whole before
the first byte is sent: a weight file of a gigabyte would take a gigabyte in the web process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

_PIECE_BYTES = 256 * 1024


def file_response(
    request: HttpRequest | Any,
    path: Path,
    name: str,
    media_type: str = "application/octet-stream",
    *,
    attachment: bool = True,
    afterwards: Callable[[], None] | None = None,
) -> StreamingHttpResponse:
    """A response that sends the file in pieces.

    Args:
        request: Of Django or of REST framework; tells whether the server wants an asynchronous iterator.
        path: An existing file; resolved by the caller from an id, never from a client's text.
        name: What the browser calls it.
        media_type: Fixed by what the file is, not by what somebody claims.
        attachment: Whether to save rather than show it.
        afterwards: Called when the file was sent or the client has gone, for a temporary file.

    Raises:
        FileNotFoundError: There is no such file.
    """
    stream = path.open("rb")

    def close() -> None:
        stream.close()
        if afterwards is not None:
            afterwards()

    def pieces() -> Iterator[bytes]:
        try:
            while piece := stream.read(_PIECE_BYTES):
                yield piece
        finally:
            close()

    async def pieces_later() -> AsyncIterator[bytes]:
        read = sync_to_async(stream.read, thread_sensitive=False)
        try:
            while piece := await read(_PIECE_BYTES):
                yield piece
        finally:
            close()

    inner = getattr(request, "_request", request)
    content = pieces_later() if isinstance(inner, ASGIRequest) else pieces()
    response = StreamingHttpResponse(content, content_type=media_type)
    response.headers["Content-Length"] = str(path.stat().st_size)
    response.headers["Content-Disposition"] = content_disposition_header(attachment, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response
