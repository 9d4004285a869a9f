"""What can go wrong with surveys and their stars."""

from __future__ import annotations

from ml_core.errors import CodedError


class StellarError(CodedError):
    """A survey, a star or a run of theirs cannot be made or changed as asked."""

    default_code = "stellar.invalid"


class NotFoundError(CodedError):
    """There is no such survey, star or file for this person."""

    default_code = "not_found"
    status = 404


class NotReadyError(CodedError):
    """The survey or the prediction is not ready yet."""

    default_code = "stellar.not_ready"
    status = 409


class BusyError(CodedError):
    """A run is at work on it."""

    default_code = "stellar.busy"
    status = 409


class NotAllowedError(CodedError):
    """Only an administrator may ask for this."""

    default_code = "permission.denied"
    status = 403


class FilesMissingError(CodedError):
    """The files behind a row are gone."""

    default_code = "stellar.files_missing"
    status = 404
