"""Typed errors that every layer shares: a code for programs, a sentence and a cure for people."""

from __future__ import annotations

from typing import Any


class CodedError(Exception):
    """A failure that a user may see.

    Attributes:
        code: Stable machine-readable name, such as ``graph.cycle``.
        message: One full sentence that says what is wrong.
        hint: One sentence that says how to cure it. May be empty.
        where: What it concerns: a key, a node and port, a file and line. May be empty.
    """

    default_code = "error"

    def __init__(self, message: str, *, code: str = "", hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.hint = hint
        self.where = where

    def as_dict(self) -> dict[str, Any]:
        """The error body that the API, ``result.json`` and the pages all use."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "where": self.where}


class ConfigError(CodedError):
    """A recipe's configuration has an unknown key or a value out of bounds."""

    default_code = "config.invalid"


class GraphError(CodedError):
    """A model graph cannot be used. ``where`` is ``node`` or ``node.port``."""

    default_code = "graph.invalid"


class FormatError(CodedError):
    """A data set file or folder cannot be read. ``where`` is ``path`` or ``path:line``."""

    default_code = "format.invalid"


class UnsafeFileError(CodedError):
    """A file from outside could do harm and was refused."""

    default_code = "file.unsafe"


class CheckpointError(CodedError):
    """A checkpoint is missing, damaged or lacks an item that exact resume needs."""

    default_code = "checkpoint.invalid"


class NonFiniteLossError(CodedError):
    """The loss became NaN or infinite."""

    default_code = "train.non_finite_loss"


class DeviceError(CodedError):
    """The requested device cannot be used or ran out of memory."""

    default_code = "device.unavailable"
