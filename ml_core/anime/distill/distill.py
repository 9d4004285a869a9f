"""``anime.distill``: teacher, student, and the same student alone, compared on images that none of them learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.classifier.data import PictureData
from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.classifier.pretrained import start_network
from ml_core.anime.classifier.views import ViewSettings
from ml_core.anime.collection.reading import Collection, read_collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.collection.splits import hold_out
from ml_core.anime.collection.square import side_for
from ml_core.anime.describe.describer import SIDE
from ml_core.anime.distill.compare import Judging, compare, verdict_on
from ml_core.anime.distill.config import DistillConfig
from ml_core.anime.distill.student import StudentClassifier
from ml_core.anime.distill.task import DistillTask, Students
from ml_core.anime.errors import CollectionError
from ml_core.anime.progress import stage_progress
from ml_core.anime.recognise.calibration import best_temperature
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts
from ml_core.engine.device import cap_threads
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.seeds import mix
from ml_core.weights.folder import FACTS_FILE, WeightFacts, write_facts

TASK = "anime.distill"


def run_distill(config: DistillConfig, run: RunContext) -> dict[str, Any]:
    """Train both students in one loop, compare the three, and leave ``artifacts/weight``.

    Raises:
        CollectionError: ``anime.other_characters`` when a folder and the teacher do not know the same characters.
        CodedError: See `start_network` and `ml_core.engine.loop.fit`.
    """
    cap_threads(config.fit.threads)
    folder = _weight_folder(Path(config.teacher))
    teacher, fit_picture = load_recogniser(folder), read_recogniser_facts(folder)["fit_picture"]
    side = side_for(max(config.image_size, teacher.network.size if teacher.network else 0))
    collection = read_collection(Path(config.known), fit_picture, stage_progress(run, "reading images"), side)
    run.data_fingerprint(collection.fingerprint)
    labels = torch.from_numpy(_labels_for(teacher, collection))
    keys = [picture.sha256 for picture in collection.pictures]
    groups = collection.copies.group_of.tolist()
    held = hold_out(labels.tolist(), groups, keys, share=config.validation, seed=config.seed)
    students, result = _train(config, run, collection, labels, held, teacher)
    rows = torch.from_numpy(np.flatnonzero(held))
    named = {
        name: _calibrated(network.cpu().eval(), teacher.characters, collection.pixels[rows], labels[rows])
        for name, network in (("student", students.student), ("student_alone", students.alone))
    }
    judging = _other_images(config, teacher, fit_picture, side) if config.test else _held_out(collection, labels, rows)
    table = compare(teacher, folder, named, judging, teacher_may_be_judged=bool(config.test))
    verdict = verdict_on(table)
    run.log(verdict)
    metrics = {f"{name}_top1": float(row["scores"]["top1"]) for name, row in table.items() if row["scores"]}
    if run.rank == 0:
        _deliver(config, run, named, fit_picture, metrics, collection.fingerprint)
    return {
        **table,
        "metrics": metrics,
        "speed_up": table["teacher"]["ms"] / table["student"]["ms"],
        "verdict": verdict,
        "weight": {"path": WEIGHT_PATH},
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        "wall_s": round(result.wall_s, 3),
    }


def _train(
    config: DistillConfig,
    run: RunContext,
    collection: Collection,
    labels: Tensor,
    held: NDArray[np.bool_],
    teacher: Recogniser,
) -> tuple[Students, Any]:
    torch.manual_seed(mix(config.seed, "student"))
    network = CharacterNetwork(config.architecture, len(teacher.characters), config.image_size)
    run.log(start_network(network, config.pretrained), step=0)
    students = Students(network)
    side = max(SIDE, config.image_size)  # what the teacher sees; the students' views are made smaller from it
    paths = [picture.path for picture in collection.pictures]

    def part(chosen: NDArray[np.bool_], views: ViewSettings | None) -> PictureData:
        rows = torch.from_numpy(np.flatnonzero(chosen))
        names = [paths[row] for row in rows.tolist()]
        return PictureData(collection.pixels[rows], labels[rows], names, side, config.seed, views)

    task = DistillTask(
        students,
        teacher,
        temperature=config.temperature,
        hard_share=config.hard_share,
        label_smoothing=config.label_smoothing,
        mixing=config.mixing,
    )
    result = fit(task, FitData(part(~held, ViewSettings()), part(held, None)), config.fit, run)
    return students, result


def _labels_for(teacher: Recogniser, collection: Collection) -> NDArray[np.int64]:
    strange = sorted(set(collection.characters) - set(teacher.characters))
    if strange:
        raise CollectionError(
            f"The teacher does not know {len(strange)} of the characters, such as {strange[0]}.",
            code="anime.other_characters",
            hint="Choose the collection that the teacher was trained on, or add these characters to it first.",
            where=strange[0],
        )
    places = np.array([teacher.characters.index(name) for name in collection.characters], dtype=np.int64)
    found: NDArray[np.int64] = places[collection.labels.numpy()]
    return found


def _held_out(collection: Collection, labels: Tensor, rows: Tensor) -> Judging:
    paths = [collection.pictures[row].path for row in rows.tolist()]
    sources = read_sources(collection.root, "", paths)
    return Judging(collection.pixels[rows], labels[rows].numpy(), sources, paths)


def _other_images(config: DistillConfig, teacher: Recogniser, fit_picture: Any, side: int) -> Judging:
    other = read_collection(Path(config.test), fit_picture, side=side)
    paths = [picture.path for picture in other.pictures]
    return Judging(other.pixels, _labels_for(teacher, other), read_sources(other.root, "", paths), paths)


def _calibrated(network: CharacterNetwork, characters: list[str], pixels: Tensor, labels: Tensor) -> StudentClassifier:
    temperature = best_temperature(network.logits(pixels).double().numpy(), labels.numpy())
    return StudentClassifier(network, list(characters), temperature)


def _weight_folder(path: Path) -> Path:
    inner = path / WEIGHT_PATH
    return inner if inner.is_dir() else path


def _deliver(
    config: DistillConfig,
    run: RunContext,
    named: dict[str, StudentClassifier],
    fit_picture: str,
    metrics: dict[str, float],
    fingerprint: str,
) -> None:
    folder = run.artifact_path(f"weight/{FACTS_FILE}").parent
    files = [file for name, student in named.items() for file in student.save(folder, name, fit_picture)]
    student = named["student"]
    facts = WeightFacts(
        task=TASK,
        files=files,
        classes=student.characters,
        preprocessing={"mode": "RGB", "size": [config.image_size] * 2, "fit_picture": fit_picture},
        metrics=metrics,
        parameters=sum(p.numel() for p in student.network.parameters()),
        dataset_fingerprint=fingerprint,
        run_id=run.dir.read_record()["id"] if run.dir.is_sealed else None,
        created=utc_now(),
    )
    write_facts(folder, facts)
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)
