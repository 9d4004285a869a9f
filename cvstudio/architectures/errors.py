"""What can go wrong with architectures."""

from __future__ import annotations

from ml_core.errors import CodedError


class ArchitectureError(CodedError):
    """An architecture cannot be made or changed as asked."""

    default_code = "architecture.invalid"


class UnknownVersionError(CodedError):
    """There is no such version, or no such architecture for this person."""

    default_code = "not_found"
    status = 404


class SaveConflictError(CodedError):
    """Somebody saved in between; saving now would hide their work."""

    default_code = "architecture.conflict"
    status = 409


class InUseError(CodedError):
    """Runs or weights need the architecture."""

    default_code = "architecture.in_use"
    status = 409
