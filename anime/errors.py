"""What can go wrong with collections and their characters."""

from __future__ import annotations

from ml_core.errors import CodedError


class AnimeError(CodedError):
    """A collection, a character or a run of theirs cannot be made or changed as asked."""

    default_code = "anime.invalid"


class NotFoundError(CodedError):
    """There is no such thing for this person."""

    default_code = "not_found"
    status = 404


class NotReadyError(CodedError):
    """The collection is not ready yet."""

    default_code = "anime.not_ready"
    status = 409


class BusyError(CodedError):
    """A run is at work on it."""

    default_code = "anime.busy"
    status = 409


class FilesMissingError(CodedError):
    """The files behind a row are gone."""

    default_code = "anime.files_missing"
    status = 404
