"""Files as downloads, sent piece by piece whatever server runs us.

Django's own `FileResponse` gives the ASGI server a synchronous iterator, which it reads into memory as a whole before
the first byte is sent: a weight file of a gigabyte would take a gigabyte in the web process. A client may ask for a
part (``Range: bytes=a-b``), as players of videos do.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

_PIECE_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


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
    inner = getattr(request, "_request", request)
    size = path.stat().st_size
    part = _asked_part(inner.META.get("HTTP_RANGE", ""), size)
    begin, end = part or (0, size)
    stream = path.open("rb")
    stream.seek(begin)

    def close() -> None:
        stream.close()
        if afterwards is not None:
            afterwards()

    def pieces() -> Iterator[bytes]:
        try:
            left = end - begin
            while piece := stream.read(min(_PIECE_BYTES, left)):
                left -= len(piece)
                yield piece
        finally:
            close()

    async def pieces_later() -> AsyncIterator[bytes]:
        read = sync_to_async(stream.read, thread_sensitive=False)
        try:
            left = end - begin
            while piece := await read(min(_PIECE_BYTES, left)):
                left -= len(piece)
                yield piece
        finally:
            close()

    content = pieces_later() if isinstance(inner, ASGIRequest) else pieces()
    response = StreamingHttpResponse(content, content_type=media_type, status=206 if part else 200)
    response.headers["Content-Length"] = str(end - begin)
    response.headers["Accept-Ranges"] = "bytes"
    if part:
        response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    response.headers["Content-Disposition"] = content_disposition_header(attachment, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _asked_part(text: str, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last. Several parts and what makes no sense are answered with the whole."""
    match = _RANGE.fullmatch(text)
    if match is None or text == "bytes=-":
        return None
    first, last = match.groups()
    begin = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    return (begin, end) if begin < end else None
