"""What can go wrong with data sets."""

from __future__ import annotations

from ml_core.errors import CodedError


class DatasetError(CodedError):
    """A data set cannot be made or changed as asked."""

    default_code = "dataset.invalid"


class NotFoundError(CodedError):
    """There is no such image, version or file for this person."""

    default_code = "not_found"
    status = 404


class UploadTooLargeError(CodedError):
    """More bytes came than an upload may have."""

    default_code = "upload.too_large"
    status = 413


class FolderNotAllowedError(CodedError):
    """The folder lies outside the allowed roots, or is no folder."""

    default_code = "dataset.folder_not_allowed"


class NotReadyError(CodedError):
    """The data set has no version that is ready."""

    default_code = "dataset.not_ready"
    status = 409


class BusyError(CodedError):
    """A run is working on the data set."""

    default_code = "dataset.busy"
    status = 409


class InUseError(CodedError):
    """Runs need a version of the data set."""

    default_code = "dataset.in_use"
    status = 409


class PreviewUnavailableError(CodedError):
    """Nobody can compute a preview now. ``wait_s`` becomes the header Retry-After."""

    default_code = "preview.unavailable"
    status = 503
    wait_s = 5


class PreviewFailedError(CodedError):
    """A typed failure that the worker sent back; it keeps its code."""

    default_code = "preview.failed"
