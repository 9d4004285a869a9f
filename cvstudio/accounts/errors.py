"""What can go wrong with accounts."""

from __future__ import annotations

from ml_core.errors import CodedError


class AccountError(CodedError):
    """An account cannot be made or changed."""

    default_code = "account.invalid"


class RegistrationClosedError(CodedError):
    """This studio does not let people register themselves."""

    default_code = "account.registration_closed"
    status = 403


class LoginError(CodedError):
    """Name and password do not belong together, or the account is not active."""

    default_code = "authentication_failed"
    status = 401


class RefreshTokenError(CodedError):
    """The refresh token is expired, used already, revoked, or belongs to nobody."""

    default_code = "token_not_valid"
    status = 401


class ThrottledError(CodedError):
    """Too many attempts. ``wait_s`` says how long to wait."""

    default_code = "throttled"
    status = 429

    def __init__(self, message: str, *, wait_s: int) -> None:
        super().__init__(message, hint=f"Wait {wait_s} seconds and try again.")
        self.wait_s = wait_s
