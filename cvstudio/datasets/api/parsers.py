"""Uploads, as a form or as the bare body, written straight to their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from cvstudio.datasets.services.receive_upload import Upload
from cvstudio.datasets.upload_handler import ArchiveUploadHandler, ReceivedArchive

__all__ = ["OctetBodyParser", "ReceivedArchive", "ZipBodyParser", "declared_length", "discard_upload", "prepare_upload"]

_PIECE_BYTES = 256 * 1024


class ZipBodyParser(BaseParser):
    """``curl --data-binary @set.zip -H 'Content-Type: application/zip' '.../upload?name=Cats'``."""

    media_type = "application/zip"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Stream the body to the disk; the fields are in the query."""
        request: Request = (parser_context or {})["request"]
        upload = Upload(declared_length(request))
        request._request.archive_upload = upload  # type: ignore[attr-defined]
        while piece := stream.read(_PIECE_BYTES):
            upload.write(piece)
        return {**request.query_params.dict(), "file": ReceivedArchive(upload)}


class OctetBodyParser(ZipBodyParser):
    """The same for clients that name no type."""

    media_type = "application/octet-stream"


def declared_length(request: Any) -> int | None:
    """What the client says about the length of its body."""
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() else None


def prepare_upload(request: Any, kind: type[Upload] = Upload) -> None:
    """Have the files of a form go straight to their place. Before anything reads the form."""
    handler = ArchiveUploadHandler(request, kind)
    request.upload_handlers = [handler]
    request.archive_handler = handler


def discard_upload(request: Any) -> None:
    """Remove what no service kept, however the request ended."""
    handler = getattr(request, "archive_handler", None)
    uploads = [getattr(request, "archive_upload", None), handler.upload if handler else None]
    for upload in uploads:
        if upload is not None and not upload.kept:
            upload.discard()
