"""What can go wrong with scenes and maps."""

from __future__ import annotations

from ml_core.errors import CodedError


class SceneError(CodedError):
    """A scene, a sensor or a map cannot be made or changed as asked."""

    default_code = "hsi.invalid"


class NotFoundError(CodedError):
    """There is no such scene, map, band or pixel for this person."""

    default_code = "not_found"
    status = 404


class NotReadyError(CodedError):
    """The scene or map is not ready yet."""

    default_code = "hsi.not_ready"
    status = 409


class BusyError(CodedError):
    """A run is at work on it."""

    default_code = "hsi.busy"
    status = 409


class InUseError(CodedError):
    """Other things stand on it."""

    default_code = "hsi.in_use"
    status = 409


class FilesMissingError(CodedError):
    """The files behind a row are gone."""

    default_code = "hsi.files_missing"
    status = 404
