"""Lets the files of a form flow straight into their place: no copy in memory, no second copy on the disk."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from stellar.services.receive_files import SurveyUpload


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs only
    """A file of a form whose bytes lie in the folder of `upload`."""

    def __init__(self, upload: SurveyUpload, size: int) -> None:
        super().__init__(file=None, name=upload.names[-1], content_type="application/octet-stream", size=size)
        self.upload = upload

    def close(self) -> None:
        """Nothing is open."""


class SurveyUploadHandler(FileUploadHandler):
    """Django's hook for all files of a request."""

    def __init__(self, request: Any = None, declared_bytes: int | None = None) -> None:
        super().__init__(request)
        self.upload = SurveyUpload(declared_bytes)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self.upload.begin(self.file_name or "file")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """A piece came; returning nothing keeps it from other handlers."""
        self.upload.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile | None:
        """The file is whole."""
        self.upload.end()
        return ReceivedFile(self.upload, file_size)

    def upload_interrupted(self) -> None:
        """The client went away, or a later part was refused."""
        if not self.upload.kept:
            self.upload.discard()


def prepare_upload(request: Any) -> None:
    """Have the files of a form go straight to their place. Before anything reads the form."""
    length = request.META.get("CONTENT_LENGTH") or ""
    handler = SurveyUploadHandler(request, int(length) if length.isdecimal() else None)
    request.upload_handlers = [handler]
    request.survey_upload = handler.upload


def discard_upload(request: Any) -> None:
    """Remove what no service kept, however the request ended."""
    upload: SurveyUpload | None = getattr(request, "survey_upload", None)
    if upload is not None and not upload.kept:
        upload.discard()
