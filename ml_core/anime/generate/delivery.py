"""What a training of a generator leaves behind: the weights, and a report that says what they are worth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.collection.square import Fit
from ml_core.anime.generate.config import GeneratorConfig
from ml_core.anime.generate.judging import GRID_LIMIT, NEAR_QUANTILE, Judge
from ml_core.anime.generate.networks import Generator
from ml_core.anime.generate.sampler import save_sampler
from ml_core.anime.generate.sheet import COLUMNS, write_sheet
from ml_core.anime.generate.subject import Subject, Teachers
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import save_recogniser
from ml_core.engine.loop import FitResult
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.weights.folder import FACTS_FILE, WeightFacts, write_facts

TASK: Final = "anime.generator"
JUDGED: Final = "samples/judged.png"
COLLAPSED: Final = (
    "Training was stopped: the samples had become all but equal to each other (mode collapse). The best weights from "
    "before are delivered."
)


def deliver(
    config: GeneratorConfig,
    run: RunContext,
    generator: Generator,
    subject: Subject,
    teachers: Teachers,
    judge: Judge,
    samples: Tensor,
    result: FitResult,
    *,
    features: str,
    fit_picture: Fit,
    fingerprint: str,
) -> dict[str, Any]:
    """Judge fresh samples, write ``report.json`` and ``weight/``, and return what ``result.json`` says.

    Args:
        config: Of the run.
        run: Where to write.
        generator: With the best weights.
        subject: Whom it paints.
        teachers: Its recogniser.
        judge: Of the subject.
        samples: (N, 3, S, S) uint8 that took no part in choosing the weights.
        result: Of the fit loop.
        features: What the perceptual loss compared.
        fit_picture: How images became squares.
        fingerprint: Of the collection.
    """
    judgement = judge(samples)
    collapsed = result.stop_reason == "task"
    if collapsed:
        run.log(COLLAPSED, "warning")
    report = {
        "character": subject.character,
        "images": len(subject.images),
        "judged": {"sheet": JUDGED, "columns": COLUMNS, "size": config.size, "count": len(samples)},
        **judgement.as_json(),
        "limits": {"near_quantile": NEAR_QUANTILE, "grid": GRID_LIMIT},
        "perceptual_features": features,
        "second_classifier": "colours and textures of the recogniser, without its network",
        "stopped": {
            "reason": "collapse" if collapsed else "done",
            "epoch": result.epochs,
            "message": COLLAPSED if collapsed else "",
        },
    }
    answer = {
        "metrics": judgement.scores,
        "fulfilled": judgement.fulfilled,
        "character": subject.character,
        "images": len(subject.images),
        "stopped": report["stopped"],
        "stop_reason": "collapse" if collapsed else result.stop_reason,
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        "steps": result.steps,
        "wall_s": round(result.wall_s, 3),
        "numerics": result.numerics,
    }
    if run.rank == 0:
        sheet = run.artifact_path(JUDGED)
        write_sheet(samples, sheet)
        run.artifact(sheet, "image/png")
        path = run.artifact_path("report.json")
        write_json_atomic(path, report)
        run.artifact(path, "application/json")
        folder: Path = run.artifact_path(f"weight/{FACTS_FILE}").parent
        files = _write_files(folder, generator, subject, teachers.second, judge.known, judge.copy_distance, fit_picture)
        facts = WeightFacts(
            task=TASK,
            files=files,
            classes=[subject.character],
            preprocessing={"mode": "RGB", "size": [config.size] * 2, "fit_picture": fit_picture},
            metrics=judgement.scores,
            parameters=sum(p.numel() for p in generator.parameters()),
            dataset_fingerprint=fingerprint,
            run_id=run.dir.read_record()["id"] if run.dir.is_sealed else None,
            created=utc_now(),
        )
        write_facts(folder, facts)
        for name in (FACTS_FILE, *files):
            run.artifact(folder / name)
        answer["weight"] = {"path": WEIGHT_PATH}
    return answer


def _write_files(
    folder: Path,
    generator: Generator,
    subject: Subject,
    second: Recogniser,
    known: Tensor,
    copy_distance: float,
    fit_picture: Fit,
) -> list[str]:
    """The generator first, then the second classifier, so that images painted later can be judged as well."""
    own = {"character": subject.character, "paths": subject.paths, "copy_distance": copy_distance}
    files = save_sampler(folder, generator, known, own)
    return files + save_recogniser(replace(second, network=None, network_classes=[]), folder, fit_picture)
