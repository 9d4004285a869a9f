"""Sorts failures by whom they concern: the code, the data, the memory, or the user's choice."""

from __future__ import annotations

from typing import Literal

from ml_core.errors import CodedError, FormatError, NonFiniteLossError, UnsafeFileError

Cause = Literal["code", "data", "memory", "user"]

OUT_OF_MEMORY_CODE = "device.out_of_memory"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the host or on a device. Works without importing torch."""
    if isinstance(error, MemoryError) or (isinstance(error, CodedError) and error.code == OUT_OF_MEMORY_CODE):
        return True
    kind = type(error)
    if kind.__module__.startswith("torch") and kind.__name__ == "OutOfMemoryError":
        return True
    # torch reports a failed allocation on the host as a plain RuntimeError.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def cause_of(error: BaseException) -> Cause:
    """The class of cause that is shown beside a failed run."""
    if is_out_of_memory(error):
        return "memory"
    if isinstance(error, FormatError | UnsafeFileError | NonFiniteLossError):
        return "data"
    return "user" if isinstance(error, CodedError) else "code"
