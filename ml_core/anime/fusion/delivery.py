"""What a training leaves: the weight folder and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_core.anime.collection.square import Fit
from ml_core.anime.fusion.fusion import Fusion
from ml_core.anime.fusion.judging import top1_of
from ml_core.anime.fusion.storage import save_fusion
from ml_core.engine.loop import FitResult
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.weights.folder import FACTS_FILE, WeightFacts, write_facts

TASK = "anime.fusion"


def deliver(
    run: RunContext,
    fusion: Fusion,
    fit_picture: Fit,
    fingerprint: str,
    details: dict[str, dict[str, float]],
    facts: dict[str, Any],
    result: FitResult,
) -> dict[str, Any]:
    """Write everything, and return what ``result.json`` says."""
    scores = top1_of(details)
    report = {"scores": scores, "details": details, "pooling": vars(fusion.pooling), **facts}
    report_path = run.artifact_path("report.json")
    write_json_atomic(report_path, report)
    run.artifact(report_path, "application/json")
    folder: Path = run.artifact_path(f"weight/{FACTS_FILE}").parent
    files = save_fusion(fusion, folder, fit_picture)
    network = fusion.recogniser.network
    weight = WeightFacts(
        task=TASK,
        files=files,
        classes=fusion.recogniser.characters,
        preprocessing={
            "mode": "RGB",
            "fit_picture": fit_picture,
            **({"size": [network.size] * 2} if network else {}),
        },
        metrics=scores,
        parameters=sum(p.numel() for p in fusion.classifier.parameters()),
        dataset_fingerprint=fingerprint,
        run_id=run.dir.read_record()["id"] if run.dir.is_sealed else None,
        created=utc_now(),
    )
    write_facts(folder, weight)
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)
    metrics = {f"{name}_top1": value for name, value in scores.items()}
    return {**report, "metrics": metrics, "weight": {"path": "artifacts/weight"}, "wall_s": round(result.wall_s, 3)}
