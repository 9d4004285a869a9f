"""What can go wrong with weights of the library."""

from __future__ import annotations

from ml_core.errors import CodedError


class WeightError(CodedError):
    """A weight cannot be made from what was sent."""

    default_code = "weights.invalid"


class InUseError(CodedError):
    """A weight cannot be deleted: other things stand on it. ``where`` lists them."""

    default_code = "weights.in_use"
    status = 409


class FilesMissingError(CodedError):
    """The folder of a weight is gone from the library."""

    default_code = "weights.files_missing"
    status = 410


class TooLargeError(CodedError):
    """An upload is larger than this studio takes."""

    default_code = "weights.too_large"
    status = 413


class BusyError(CodedError):
    """Too many uploads are being checked at once."""

    default_code = "weights.busy"
    status = 503
    wait_s = 30


class AliasError(CodedError):
    """An alias cannot be given."""

    default_code = "weights.alias"


class AmbiguousError(CodedError):
    """A name and an alias fit several weights."""

    default_code = "weights.ambiguous"
    status = 409
