"""Checks a planned training before it costs anybody time."""

from __future__ import annotations

from collections.abc import Iterator

from cvstudio.training.plan import DETECT, Plan
from cvstudio.training.report import Check, Level, Report
from cvstudio.training.services.check_data import check_data
from cvstudio.training.services.check_graph import check_backbone, check_graph
from cvstudio.training.services.check_resources import check_resources, estimate
from cvstudio.training.services.probe_speed import probe_speed
from ml_core.graph import analyze


def preflight(plan: Plan, *, measure: bool = False) -> Report:
    """All findings. Red ones block a training, yellow ones must have been seen.

    Args:
        plan: The training.
        measure: Have a worker measure a few steps when nothing else blocks; takes some seconds, once an hour
            for the same plan. Without it, an earlier measurement is used where there is one.

    Raises:
        ConfigError: A setting is unknown or out of its bounds.
    """
    config = plan.config()
    if plan.recipe == DETECT:
        return Report([*check_data(plan.dataset_version), *_check_backbone(plan)])
    assert plan.architecture_version is not None
    version, document = plan.dataset_version, plan.architecture_version.document
    analysis = analyze(document, batch=config["fit"]["batch_size"])
    checks = [*check_data(version), *check_graph(analysis, document, len(version.classes))]
    if any(check.level == "red" for check in checks):
        return Report(checks)
    measured = probe_speed(plan, measure=measure)
    needs = estimate(analysis, config, version.counts.get("splits", {}), {} if "error" in measured else measured)
    return Report([*checks, *_failures(measured), *check_resources(needs)], needs)


def _check_backbone(plan: Plan) -> Iterator[Check]:
    """Findings about the network below a detector; its feature maps are looked for when the run starts."""
    if plan.architecture_version is not None:
        yield from check_backbone(analyze(plan.architecture_version.document))
    else:
        yield Check("preflight.network", "ok", f"The network is made from the settings: {plan.network_name}.")


def _failures(measured: dict[str, dict[str, str]]) -> Iterator[Check]:
    """What went wrong in the probe would go wrong in the training, save that the machine was slow just then."""
    if error := measured.get("error"):
        level: Level = "yellow" if error["code"].startswith("preflight.probe") else "red"
        yield Check(error["code"], level, error["message"], error["hint"], error["where"])
