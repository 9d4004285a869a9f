"""What can go wrong when a training is made."""

from __future__ import annotations

from ml_core.errors import CodedError


class NothingSuchError(CodedError):
    """A data set, architecture or weight that is named does not exist for this user."""

    default_code = "not_found"
    status = 404


class PreflightBlockedError(CodedError):
    """The checks found what would make the training fail."""

    default_code = "preflight.blocked"
    status = 409


class PreflightAsksError(CodedError):
    """The checks found what the user should have seen first."""

    default_code = "preflight.asks"
    status = 409


class NotTrainableError(CodedError):
    """What is to be trained cannot learn from these data."""

    default_code = "training.not_trainable"
    status = 422


class NotClonableError(CodedError):
    """A run of this recipe is not made by naming data and an architecture."""

    default_code = "training.not_clonable"
    status = 409
