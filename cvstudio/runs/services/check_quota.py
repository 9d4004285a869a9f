"""Bounds how many runs one user may have waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvstudio.runs.errors import QuotaError
from cvstudio.runs.limits import limits
from cvstudio.runs.models import Run, RunState

if TYPE_CHECKING:
    from cvstudio.accounts.models import User


def check_quota(owner: User) -> None:
    """Let a user with few waiting runs pass.

    Raises:
        QuotaError: Too many runs of this user wait already.
    """
    allowed = limits().max_queued_per_user
    if Run.objects.filter(owner=owner, state=RunState.QUEUED).count() >= allowed:
        raise QuotaError(
            f"You have {allowed} runs waiting already, which is as many as one person may have.",
            hint="Wait until some have started, or stop some of them.",
        )
