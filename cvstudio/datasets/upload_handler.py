"""Lets a multipart upload flow straight into its place: no copy in memory, no second copy on the disk."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from cvstudio.datasets.services.receive_upload import Upload


class ReceivedArchive(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs only
    """The uploaded file of a form: its bytes lie where `upload` says; `label` is what the client calls it."""

    def __init__(self, upload: Upload, name: str = "") -> None:
        super().__init__(file=None, name="upload.zip", content_type="application/zip", size=upload.received)
        self.upload = upload
        self.label = name.removesuffix(".zip")

    def close(self) -> None:
        """Nothing is open."""


class ArchiveUploadHandler(FileUploadHandler):
    """Django's hook for one file of a request; further files are skipped."""

    def __init__(self, request: Any = None, upload_kind: type[Upload] = Upload) -> None:
        super().__init__(request)
        self._upload_kind = upload_kind
        self.upload: Upload | None = None
        self.done = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        if self.upload is not None:
            raise SkipFile
        self.upload = self._upload_kind()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """A piece came; returning nothing keeps it from other handlers."""
        assert self.upload is not None
        self.upload.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedArchive | None:
        """The file is whole."""
        assert self.upload is not None
        self.done = True
        return ReceivedArchive(self.upload, self.file_name or "")

    def upload_interrupted(self) -> None:
        """The client went away, or a later part was refused."""
        self.discard()

    def discard(self) -> None:
        """Remove what came, unless a service kept it."""
        if self.upload is not None and not self.upload.kept:
            self.upload.discard()
