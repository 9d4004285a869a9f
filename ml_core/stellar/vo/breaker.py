"""Stop asking a service that fails every time: a thousand stars need not learn it one by one."""

from __future__ import annotations

from ml_core.stellar.vo.errors import ServiceError

IN_A_ROW = 5


class Breaker:
    """Counts failures in a row. Run it with each outcome."""

    def __init__(self) -> None:
        self._failures = 0

    def success(self) -> None:
        """The service did what it should."""
        self._failures = 0

    def failure(self, error: ServiceError) -> None:
        """The service failed.

        Raises:
            ServiceError: For the whole run, when it failed too often in a row.
        """
        self._failures += 1
        if self._failures >= IN_A_ROW:
            raise ServiceError(
                f"The service failed {IN_A_ROW} times in a row; at last: {error.message}", code=error.code,
                hint="Try again later: what was done is kept. " + error.hint, where=error.where,
            ) from error  # fmt: skip
