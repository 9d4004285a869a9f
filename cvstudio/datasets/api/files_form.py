"""Lets the files of a form flow straight into their place: no copy in memory, no second copy on the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.views import APIView

from cvstudio.common.api.parsers import LimitedJSONParser
from cvstudio.datasets.api.parsers import declared_length
from cvstudio.datasets.services.receive_files import FilesUpload


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs only
    """A file of a form whose bytes lie in the folder of an upload."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(file=None, name=name, content_type="application/octet-stream", size=size)

    def close(self) -> None:
        """Nothing is open."""


class FilesHandler(FileUploadHandler):
    """Django's hook for all files of a request."""

    def __init__(self, request: Any, upload: FilesUpload) -> None:
        super().__init__(request)
        self.upload = upload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self.upload.begin(self.file_name or "file")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """A piece came; returning nothing keeps it from other handlers."""
        self.upload.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile:
        """The file is whole."""
        self.upload.end()
        return ReceivedFile(self.upload.names[-1], file_size)

    def upload_interrupted(self) -> None:
        """The client went away, or a later part was refused."""
        if not self.upload.kept:
            self.upload.discard()


class FilesFormView(APIView):
    """A view whose files are in `upload` when a method of it is called, and are removed after it unless kept."""

    parser_classes = [LimitedJSONParser, MultiPartParser]
    new_upload: ClassVar[Callable[[int | None], FilesUpload]]
    """Makes the upload of a request from the length that the client declares."""
    upload: FilesUpload

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """The session's CSRF check reads the form, so its files must find their way before."""
        self.upload = type(self).new_upload(declared_length(request))
        request.upload_handlers = [FilesHandler(request, self.upload)]
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Leave nothing behind of what was refused."""
        if not self.upload.kept:
            self.upload.discard()
        return super().finalize_response(request, response, *args, **kwargs)
