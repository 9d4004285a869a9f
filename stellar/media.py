"""Pictures and plain numbers as answers: a fixed type, a tag for the cache, nothing that a browser could run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

PNG: Final = "image/png"
BYTES: Final = "application/octet-stream"

#: The tag follows from the content, so the browser asks again and is mostly told that nothing has changed.
_CACHE: Final = "private, no-cache"


def tagged_response(request: Any, tag: str, make: Callable[[], bytes], media_type: str) -> HttpResponseBase:
    """The bytes, or 304 where the client has them.

    Args:
        request: Of Django or of REST framework.
        tag: Follows from everything that the bytes depend on.
        make: Called when the client does not have them.
        media_type: `PNG` or `BYTES`.
    """
    etag = f'"{tag}"'
    known = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    response = HttpResponseNotModified() if etag in known else HttpResponse(make(), content_type=media_type)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = _CACHE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
