"""What can go wrong between a picture and its prediction."""

from __future__ import annotations

from ml_core.errors import CodedError


class InferenceError(CodedError):
    """A request for a prediction that cannot be answered."""

    default_code = "inference.invalid"


class UnavailableError(CodedError):
    """Nobody can answer now. ``wait_s`` becomes the header Retry-After."""

    default_code = "inference.unavailable"
    status = 503

    def __init__(self, message: str, *, code: str, hint: str, wait_s: int = 2) -> None:
        super().__init__(message, code=code, hint=hint)
        self.wait_s = wait_s


class QuotaError(CodedError):
    """Too many predictions asked for by one person."""

    default_code = "inference.quota"
    status = 429

    def __init__(self, message: str, *, wait_s: int) -> None:
        super().__init__(message, hint=f"Wait {wait_s} seconds, or send a batch: it counts once.")
        self.wait_s = wait_s


class WorkerSideError(CodedError):
    """A typed failure that the infer worker sent back; it keeps its code."""

    default_code = "inference.failed"

    def __init__(self, message: str, *, code: str, hint: str, where: str, status: int) -> None:
        super().__init__(message, code=code, hint=hint, where=where)
        self.status = status


class ImageTooLargeError(CodedError):
    """An encoded image is larger than what is taken."""

    default_code = "inference.image_too_large"
    status = 413


class ResultsMissingError(CodedError):
    """A job has no table of results."""

    default_code = "inference.no_results"
    status = 404


class JobActiveError(CodedError):
    """The run of a job has not ended."""

    default_code = "inference.job_active"
    status = 409
