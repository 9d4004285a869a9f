"""What can go wrong with runs."""

from __future__ import annotations

from ml_core.errors import CodedError


class IllegalTransitionError(CodedError):
    """A state change that the table in ``states.py`` does not list. A defect of the caller."""

    default_code = "run.illegal_transition"


class RunConflictError(CodedError):
    """The run is in a state in which this cannot be done now."""

    default_code = "run.conflict"
    status = 409


class QuotaError(CodedError):
    """A user has as many runs waiting as one user may have."""

    default_code = "run.quota"
    status = 429


class FenceLostError(CodedError):
    """Another worker has claimed the run since; what this one still wants to write is refused."""

    default_code = "run.fence_lost"
    status = 409
