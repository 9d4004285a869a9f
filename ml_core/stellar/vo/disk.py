"""Say plainly that the disk is full; whatever was under way then can be resumed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ml_core.errors import CodedError


@contextmanager
def disk_full_is_said() -> Iterator[None]:
    """Turn the error of a full disk into one that a person understands.

    Raises:
        CodedError: ``disk.full``.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CodedError("The disk became full during the download.", code="disk.full",
                             hint="Free some disk space and continue the run.") from error  # fmt: skip
        raise
