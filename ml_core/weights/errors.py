"""Why a weight file or folder is refused."""

from __future__ import annotations

from ml_core.errors import CodedError, UnsafeFileError


class WeightFileError(CodedError):
    """A weight file is damaged, or is not what its name says. ``where`` is a tensor or a key."""

    default_code = "weights.invalid_file"


class WeightMismatchError(CodedError):
    """Tensors do not fit the architecture. ``where`` names the first tensor that differs."""

    default_code = "weights.mismatch"


class UnsafeWeightError(UnsafeFileError):
    """A weight file holds more than tensors and was refused unread."""

    default_code = "weights.unsafe"


class ConversionError(CodedError):
    """The converter could not turn a ``.pth`` file into safetensors."""

    default_code = "weights.conversion_failed"
