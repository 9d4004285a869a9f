"""Pictures as answers: a fixed content type, a tag for the cache, nothing that a browser could run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags

from cvstudio.common.file_response import file_response
from cvstudio.datasets.models import DatasetImage, DatasetVersion
from cvstudio.datasets.services.make_thumbnail import make_thumbnail, thumbnail_etag
from cvstudio.datasets.storage import image_file

#: Formats that were found in the content when the image was imported. Nothing else is ever served.
MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp",
    "TIFF": "image/tiff", "PPM": "image/x-portable-anymap",
}  # fmt: skip

#: What a version holds never changes, and a thumbnail's tag follows from the content.
_CACHE: Final = "private, max-age=86400, immutable"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f/\\]")


def thumbnail_response(request: HttpRequest | Any, version: DatasetVersion, image: DatasetImage, size: int) -> Any:
    """A thumbnail, or 304."""

    def fresh() -> HttpResponseBase:
        thumbnail = make_thumbnail(version, image, size)
        return HttpResponse(thumbnail.content(), content_type=thumbnail.media_type)

    return _cached(request, thumbnail_etag(image, size), fresh)


def original_response(request: HttpRequest | Any, version: DatasetVersion, image: DatasetImage) -> Any:
    """The file as it was imported, or 304. ``?download=1`` saves it."""

    def fresh() -> HttpResponseBase:
        name = _CONTROL.sub("_", image.path.rpartition("/")[2])
        kind = MEDIA_TYPES.get(image.format, "application/octet-stream")
        attachment = image.format not in MEDIA_TYPES or bool(request.GET.get("download"))
        return file_response(request, image_file(version, image), name, kind, attachment=attachment)

    return _cached(request, f'"{image.sha256}"', fresh)


def _cached(request: HttpRequest | Any, etag: str, fresh: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    known = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    response = HttpResponseNotModified() if etag in known else fresh()
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = _CACHE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
