"""``anime.distill``: teacher, student, and the same student alone, compared on images that none of them learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.classifier.pretrained import start_network
from ml_core.anime.collection.reading import Collection, read_collection
from ml_core.anime.collection.sources import read_sources
from ml_core.anime.collection.square import Fit, side_for
from ml_core.anime.describe.by_network import NetworkDescriber
from ml_core.anime.describe.describer import SIDE, Describer
from ml_core.anime.distill.compare import Judging, compare, judge, verdict_on
from ml_core.anime.distill.config import DistillConfig
from ml_core.anime.distill.data import Softness, TaughtData
from ml_core.anime.distill.lesson import Lesson, prepare_lesson
from ml_core.anime.distill.student import as_recogniser, knowing_all
from ml_core.anime.distill.task import DistillTask, Students
from ml_core.anime.distill.teaching import Teaching
from ml_core.anime.errors import CollectionError
from ml_core.anime.progress import stage_progress
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts, save_recogniser
from ml_core.engine.device import cap_threads
from ml_core.engine.loop import FitResult, fit
from ml_core.engine.task import FitData
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import write_json_atomic
from ml_core.run.seeds import mix
from ml_core.weights.folder import FACTS_FILE, WeightFacts, write_facts

TASK = "anime.distill"
PLACES = {"student": "weight", "student_alone": "alone"}  # folders of artifacts


def run_distill(config: DistillConfig, run: RunContext) -> dict[str, Any]:
    """Train both students in one loop and compare the three.

    Leaves ``artifacts/weight``, ``artifacts/alone``, ``compare.json`` about the three and ``report.json`` about the
    student.

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
    lesson = prepare_lesson(collection, labels, teacher, max(SIDE, config.image_size), config.validation, config.seed)
    students, result = _train(config, run, lesson, teacher)
    named, learnt = _recognisers(config, teacher, students.cpu().eval(), lesson), lesson.learnt()
    whole = {name: knowing_all(student, learnt) for name, student in named.items()}
    judging = _other_images(config, teacher, fit_picture, side) if config.test else lesson.judging()
    judged = whole if config.test else named
    shown = {name: judged[name] for name in PLACES}
    table = compare(teacher, folder, shown, judging, teacher_may_be_judged=bool(config.test))
    parts = {name: judge(judged[name], judging)["scores"] for name in judged if name not in PLACES}
    verdict = verdict_on(table, parts)
    run.log(verdict.text)
    metrics = {f"{name}_top1": float(row["scores"]["top1"]) for name, row in table.items() if row["scores"]}
    answer = {
        **table,
        "metrics": metrics,
        "parts": parts,
        "speed_up": table["teacher"]["ms"] / table["student"]["ms"],
        "verdict": verdict.text,
        "verdict_code": verdict.code,
        "weight": {"path": WEIGHT_PATH},
        "best_epoch": result.best_epoch,
        "epochs": result.epochs,
        "wall_s": round(result.wall_s, 3),
    }
    if run.rank == 0:
        for name, place in PLACES.items():
            _write_weight(config, run, place, whole[name], fit_picture, table[name]["scores"], collection.fingerprint)
        for name, content in (("compare.json", answer), ("report.json", table["student"])):
            path = run.artifact_path(name)
            write_json_atomic(path, content)
            run.artifact(path, "application/json")
    return answer | {name: _without(row, "answers") for name, row in table.items()}


def _recognisers(
    config: DistillConfig, teacher: Recogniser, students: Students, lesson: Lesson
) -> dict[str, Recogniser]:
    """Both students, and the parts of the one that was taught: its network, and what it has from its teacher."""

    def made(describer: Describer | NetworkDescriber, network: CharacterNetwork) -> Recogniser:
        return as_recogniser(describer, network, teacher.characters, lesson.learnt())

    network = made(students.student, students.student.network)
    found = {"student": network, "student_alone": made(students.alone, students.alone.network)}
    if config.coarser and isinstance(teacher.describer, Describer):
        found["student"] = made(teacher.describer.coarser(config.coarser), students.student.network.looking_once())
        found |= {"network": network, "inherited": replace(found["student"], network=None)}
    return found


def _without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _train(config: DistillConfig, run: RunContext, lesson: Lesson, teacher: Recogniser) -> tuple[Students, FitResult]:
    describing = stage_progress(run, "asking the teacher")
    teaching = Teaching(
        teacher,
        lesson.images,
        lesson.groups,
        lesson.keys,
        views=config.views,
        seed=config.seed,
        progress=describing,
    )
    torch.manual_seed(mix(config.seed, "student"))
    network = CharacterNetwork(config.architecture, len(teacher.characters), config.image_size)
    run.log(start_network(network, config.pretrained), step=0)
    students = Students(network, teaching.length)
    softness = Softness(config.temperature, config.label_smoothing, config.mixing)
    task = DistillTask(
        students,
        temperature=config.temperature,
        hard_share=config.hard_share,
        description_weight=config.description_weight,
    )
    taught = TaughtData(lesson.images, teaching, config.image_size, softness, config.seed)
    return students, fit(task, FitData(taught, lesson.held), config.fit, run)


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


def _other_images(config: DistillConfig, teacher: Recogniser, fit_picture: Any, side: int) -> Judging:
    other = read_collection(Path(config.test), fit_picture, side=side)
    paths = [picture.path for picture in other.pictures]
    return Judging(other.pixels, _labels_for(teacher, other), read_sources(other.root, "", paths), paths)


def _weight_folder(path: Path) -> Path:
    inner = path / WEIGHT_PATH
    return inner if inner.is_dir() else path


def _write_weight(
    config: DistillConfig,
    run: RunContext,
    place: str,
    student: Recogniser,
    fit_picture: Fit,
    scores: dict[str, float],
    fingerprint: str,
) -> None:
    folder = run.artifact_path(f"{place}/{FACTS_FILE}").parent
    files = save_recogniser(student, folder, fit_picture)
    facts = WeightFacts(
        task=TASK,
        files=files,
        classes=student.characters,
        preprocessing={"mode": "RGB", "size": [config.image_size] * 2, "fit_picture": fit_picture},
        metrics=scores,
        parameters=sum(p.numel() for p in student.network.parameters()) if student.network else 0,
        dataset_fingerprint=fingerprint,
        run_id=run.dir.read_record()["id"] if run.dir.is_sealed else None,
        created=utc_now(),
    )
    write_facts(folder, facts)
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)
