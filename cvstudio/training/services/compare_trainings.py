"""Sets several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvstudio.runs.compare import compare_metrics, compare_settings
from cvstudio.runs.curves.read import CurveWindow, read_curves
from cvstudio.runs.models import Run

CURVE_POINTS = 500


def compare_trainings(runs: Sequence[Run], names: Sequence[str] = (), points: int = CURVE_POINTS) -> dict[str, Any]:
    """Which settings differ, how the metrics do, and the named curves.

    Args:
        runs: In the order of the columns.
        names: Curves to return, as ``phase/name``; none when empty.
        points: How many points a curve may have.
    """
    differences = [
        {"key": difference.key, "values": list(difference.values)}
        for difference in compare_settings(runs)
        if difference.differs
    ]
    window = CurveWindow(names=names, points=points)
    return {
        "differences": differences,
        "metrics": [{"name": name, "values": values} for name, values in compare_metrics(runs)],
        "curves": {str(run.id): read_curves(run.id, window) for run in runs} if names else {},
    }
