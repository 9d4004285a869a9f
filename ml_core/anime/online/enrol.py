"""``anime.enrol``: one character more or less in a recogniser, and what is to be expected of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from ml_core.anime.classifier.delivery import TASK, WEIGHT_PATH
from ml_core.anime.errors import CollectionError
from ml_core.anime.fusion.storage import is_fusion, load_fusion, save_fusion
from ml_core.anime.online.config import EnrolConfig
from ml_core.anime.online.learning import AddedRole, OnlineLearningSystem
from ml_core.anime.online.learning_curve import SIZES, Point, known_top1
from ml_core.anime.recognise.storage import read_recogniser_facts, save_recogniser
from ml_core.data.tree import walk_files
from ml_core.engine.device import cap_threads
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.weights.folder import FACTS_FILE, WeightFacts, read_facts, write_facts

_DIGITS: Final = 4


def enrol(config: EnrolConfig, run: RunContext) -> dict[str, Any]:
    """Add or remove a character; leave ``artifacts/weight`` and ``enrolment.json``. The given weights stay as they are.

    Raises:
        CollectionError: ``anime.no_folder``, the folder of images does not exist.
        RecogniserError: ``anime.role_name``, ``anime.no_images``, ``anime.unknown_role``.
        WeightFileError: The recogniser is missing or damaged.
    """
    started = time.monotonic()
    cap_threads(config.threads)
    folder = _weight_folder(Path(config.recogniser))
    with tempfile.TemporaryDirectory(prefix="cvstudio-") as database:
        system = OnlineLearningSystem(folder, Path(database))
        before = system.roles
        known_before = known_top1(system.recogniser, before)
        report = _remove(system, config.remove) if config.remove else _add(system, config, run)
        stayed = [name for name in before if name in system.roles]
        report |= {
            "known_before": _rounded(known_before),
            "known_after": _rounded(known_top1(system.recogniser, stayed)),
            "characters": len(system.roles),
            "seconds": round(time.monotonic() - started, 3),
        }
        _deliver(system, folder, report, run)
    return {**report, "weight": {"path": WEIGHT_PATH}}


def _add(system: OnlineLearningSystem, config: EnrolConfig, run: RunContext) -> dict[str, Any]:
    root = Path(config.images)
    if not root.is_dir():
        raise CollectionError(
            "There is no such folder of images.", code="anime.no_folder", hint="Check the path.", where=root.name
        )
    paths = [root / path for path in walk_files(root)]
    run.progress(0, len(paths), "images", "looking at images")
    known = config.name.strip() in system.roles
    added = system.add_new_role(config.name, paths)
    run.progress(len(paths), len(paths), "images", "looking at images")
    return _report(added, "extended" if known else "added")


def _report(added: AddedRole, action: str) -> dict[str, Any]:
    at = {point.images: point for point in added.curve}
    return {
        "action": action,
        "name": added.name,
        "used": added.used,
        "copies": added.copies,
        "rejects": [{"path": row.path, "reason": row.reason, "cure": row.cure} for row in added.rejects],
        "known_as": added.known_as,
        "sizes": {str(size): _as_json(at[size]) if size in at else None for size in SIZES},
        "curve": [_as_json(point) for point in added.curve],
        "confusable": [{**asdict(row), "probability": round(row.probability, _DIGITS)} for row in added.confusable],
    }


def _as_json(point: Point) -> dict[str, Any]:
    return {name: round(value, _DIGITS) for name, value in asdict(point).items()}


def _remove(system: OnlineLearningSystem, name: str) -> dict[str, Any]:
    system.remove_role(name)
    return {"action": "removed", "name": name}


def _deliver(system: OnlineLearningSystem, origin: Path, report: dict[str, Any], run: RunContext) -> None:
    """Write the extended recogniser; what is known of the given one is carried on."""
    folder = run.artifact_path(f"weight/{FACTS_FILE}").parent
    recogniser = system.recogniser
    fit = read_recogniser_facts(origin).get("fit_picture", "crop")
    if is_fusion(origin):  # it goes on reading; nothing is written about the new character yet
        files = save_fusion(replace(load_fusion(origin), recogniser=recogniser), folder, fit)
    else:
        files = save_recogniser(recogniser, folder, fit)
    carried = read_facts(origin) if (origin / FACTS_FILE).is_file() else WeightFacts(task=TASK)
    changes = {
        "files": files,
        "classes": recogniser.characters,
        "run_id": run.dir.read_record()["id"] if run.dir.is_sealed else None,
        "created": utc_now(),
    }
    write_facts(folder, carried.model_copy(update=changes))
    path = run.artifact_path("enrolment.json")
    write_json_atomic(path, report)
    run.artifact(path, "application/json")
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)


def _weight_folder(path: Path) -> Path:
    inner = path / WEIGHT_PATH
    return inner if inner.is_dir() else path


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
