"""Images as answers: a fixed type, kept by the browser, nothing that it could run."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
#: What lies behind an id never changes.
_CACHE: Final = "private, max-age=86400, immutable"


def image_response(content: bytes, media_type: str = PNG) -> HttpResponse:
    """The bytes of an image that this program wrote itself."""
    response = HttpResponse(content, content_type=media_type)
    response.headers["Cache-Control"] = _CACHE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
