"""Creates the run of a planned training, when the checks let it."""

from __future__ import annotations

from collections.abc import Collection

from cvstudio.runs.models import Run
from cvstudio.runs.services.create_run import create_run
from cvstudio.training.errors import PreflightAsksError, PreflightBlockedError
from cvstudio.training.plan import Plan
from cvstudio.training.report import Report
from cvstudio.training.services.preflight import preflight


def create_training(
    plan: Plan, *, name: str = "", notes: str = "", acknowledge: Collection[str] = (), parent: Run | None = None
) -> Run:
    """Check the plan and queue its run, which keeps the report.

    Args:
        plan: What to train.
        name: For people; made from the architecture and the data set when left out.
        notes: Free text.
        acknowledge: Codes of yellow findings that the user has seen and accepts.
        parent: The run that this one was cloned from.

    Raises:
        PreflightBlockedError: A red finding.
        PreflightAsksError: A yellow finding that is not acknowledged; the hint names the codes.
        ConfigError: A setting is unknown or out of its bounds.
        QuotaError: Too many runs of this user wait already.
    """
    report = preflight(plan)
    _insist(report, set(acknowledge))
    accepted = sorted({check.code for check in report.asking})
    return create_run(
        owner=plan.owner,
        recipe=plan.recipe,
        config=plan.config(),
        name=(name or f"{plan.network_name} · {plan.dataset_version.dataset.name}")[:200],
        notes=notes,
        dataset_version=plan.dataset_version,
        architecture_version=plan.architecture_version,
        parent=parent,
        preflight={**report.as_dict(), "acknowledged": accepted},
    )


def _insist(report: Report, acknowledged: set[str]) -> None:
    if red := report.blocking:
        raise PreflightBlockedError(
            " ".join(check.message for check in red), hint=" ".join(check.hint for check in red), where=red[0].where
        )
    if yellow := [check for check in report.asking if check.code not in acknowledged]:
        codes = ", ".join(f'"{code}"' for code in sorted({check.code for check in yellow}))
        raise PreflightAsksError(
            " ".join(check.message for check in yellow),
            hint=f"Send it again with acknowledge: [{codes}] to train nevertheless.",
            where=yellow[0].where,
        )
