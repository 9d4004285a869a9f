"""What can go wrong with a service, sorted by what helps: asking again, or nothing."""

from __future__ import annotations

from ml_core.errors import CodedError


class ServiceError(CodedError):
    """A service refused, failed or lied. Asking again does not help."""

    default_code = "vo.service"


class TransientError(ServiceError):
    """A failure that often passes: a time-out, a broken connection, a status of 5xx, an answer that is cut off.

    Attributes:
        retry_after: Seconds for which the service asked to be left alone; 0 when it did not say.
    """

    default_code = "vo.transient"

    def __init__(
        self, message: str, *, code: str = "", hint: str = "", where: str = "", retry_after: float = 0
    ) -> None:
        super().__init__(message, code=code, hint=hint, where=where)
        self.retry_after = retry_after


class RefusedAddressError(ServiceError):
    """An address that this machine must not be made to open: another scheme, or a host with a private address."""

    default_code = "vo.refused_address"


class NotCoveredError(ServiceError):
    """The image does not show the star. This is an answer, not a failure."""

    default_code = "vo.no_coverage"


class TransferLimitError(CodedError):
    """The run has received as much as it may; it can go on with a higher limit."""

    default_code = "vo.transfer_limit"
