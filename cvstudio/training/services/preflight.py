"""Checks a planned training before it costs anybody time."""

from __future__ import annotations

from collections.abc import Iterator

from cvstudio.training.plan import CLASSIFY, SEGMENT, Plan
from cvstudio.training.report import Check, Level, Report
from cvstudio.training.services.check_data import check_data
from cvstudio.training.services.check_graph import check_detector, check_graph, check_segmenter
from cvstudio.training.services.check_resources import check_resources, cost_of_graph, estimate, measured_cost
from cvstudio.training.services.probe_speed import probe_speed
from ml_core.graph import Analysis, analyze


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
    version, network = plan.dataset_version, plan.architecture_version
    analysis = analyze(network.document, batch=config["fit"]["batch_size"]) if network else None
    checks = [*check_data(version, plan.recipe), *_check_network(plan, analysis)]
    if any(check.level == "red" for check in checks):
        return Report(checks)
    measured = probe_speed(plan, measure=measure)
    probe = {} if "error" in measured else measured
    cost = cost_of_graph(analysis) if analysis and plan.recipe == CLASSIFY else measured_cost(probe)
    needs = estimate(cost, config, version.counts.get("splits", {}), probe)
    return Report([*checks, *_failures(measured), *check_resources(needs)], needs)


def _check_network(plan: Plan, analysis: Analysis | None) -> Iterator[Check]:
    """Findings about the network; feature maps below a detector are looked for when it is measured or started."""
    if plan.architecture_version is None or analysis is None:
        yield Check("preflight.network", "ok", f"The network is made from the settings: {plan.network_name}.")
        return
    document, classes = plan.architecture_version.document, len(plan.dataset_version.classes)
    if plan.recipe == CLASSIFY:
        yield from check_graph(analysis, document, classes)
    elif plan.recipe == SEGMENT:
        yield from check_segmenter(analysis, classes)
    else:
        yield from check_detector(analysis, document, classes)


def _failures(measured: dict[str, dict[str, str]]) -> Iterator[Check]:
    """What went wrong in the probe would go wrong in the training, save that the machine was slow just then."""
    if error := measured.get("error"):
        level: Level = "yellow" if error["code"].startswith("preflight.probe") else "red"
        yield Check(error["code"], level, error["message"], error["hint"], error["where"])
