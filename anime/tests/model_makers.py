"""A collection and models as imports, trainings and generators leave them, without training anything."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

from anime.models import Character, CharacterImage, Collection, GeneratedImage, Training
from anime.services.sync_characters import image_id
from anime.storage import generated_file
from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.datasets.storage import images_folder, version_folder
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run, RunState
from cvstudio.weights.library import put
from cvstudio.weights.models import Weight, WeightVersion
from ml_core.anime.recognise.scores import full_report, summary
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face
from ml_core.weights.folder import WeightFacts, write_facts

CHARACTERS, IMAGES = 4, 6
MAP = "maps/00.png"


def make_collection_row(owner: User, name: str = "Four friends") -> Collection:
    """Drawn characters in a version that is ready, without an import."""
    dataset = Dataset.objects.create(owner=owner, name=name, source="sample", format="folders")
    root = draw_collection(images_folder(dataset.id, 1), CHARACTERS, IMAGES)
    names = list(NAMES[:CHARACTERS])
    version = DatasetVersion.objects.create(
        dataset=dataset, number=1, state=DatasetVersion.State.READY, classes=names, root=str(root),
        folder=str(version_folder(dataset.id, 1)), counts={"images": CHARACTERS * IMAGES},
    )  # fmt: skip
    dataset.current_version = version
    dataset.save()
    collection = Collection.objects.create(
        owner=owner, dataset=dataset, synced=version, characters=CHARACTERS, images=CHARACTERS * IMAGES
    )
    for label, character in enumerate(names):
        _add_character(collection, version, label, character, root)
    return collection


def _add_character(collection: Collection, version: DatasetVersion, label: int, name: str, root: Path) -> None:
    row = Character.objects.create(collection=collection, name=name, position=label, images=IMAGES)
    for number, path in enumerate(sorted((root / name).iterdir())):
        content, place = path.read_bytes(), path.relative_to(root).as_posix()
        position = label * IMAGES + number
        image = DatasetImage.objects.create(
            version=version, position=position, path=place, label=label, split="train", width=96, height=96,
            format="PNG", mode="RGB", size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        CharacterImage.objects.create(
            id=image_id(collection.id, place), collection=collection, character=row, image=image, position=position,
            path=place, source="first" if number % 2 else "second",
        )  # fmt: skip


def report_for(collection: Collection, seed: int = 0) -> dict[str, Any]:
    """A report of the collection's images, mostly right."""
    rng = np.random.default_rng(seed)
    rows = list(CharacterImage.objects.filter(collection=collection).select_related("character"))
    labels = np.array([row.character.position for row in rows])
    scores = rng.normal(size=(len(rows), CHARACTERS)) + 2.2 * np.eye(CHARACTERS)[labels]
    answers = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    names, paths = list(NAMES[:CHARACTERS]), [row.path for row in rows]
    found = full_report(answers, labels, names, [row.source for row in rows], paths)
    told = [
        {"path": path, "character": names[label], "predicted": names[int(one.argmax())], "confidence": float(one.max())}
        for path, label, one in zip(paths, labels, answers, strict=True)
    ]
    by = {"together": summary(answers, labels), "network": summary(np.sqrt(answers), labels)}
    return {**found, "answers": told, "by": by}


def make_recogniser(
    owner: User, collection: Collection, name: str = "Four friends, recommended", *, kind: str = "recogniser",
    teacher: WeightVersion | None = None,
) -> WeightVersion:  # fmt: skip
    """A recogniser with its report; with a teacher it is a student, compared with it."""
    report = report_for(collection)
    report["worst"][0]["activation_map"] = MAP
    files: dict[str, Any] = {"report.json": report}
    if kind == "student":
        slow, alone = report_for(collection, 1), report_for(collection, 2)
        table = {"teacher": {**slow, "ms": 30.0, "mb": 17.0}, "student": {**report, "ms": 6.0, "mb": 9.0},
                 "student_alone": {**alone, "ms": 6.0, "mb": 9.0},
                 "parts": {"network": {"top1": 0.625}, "inherited": {"top1": 0.75}}}  # fmt: skip
        files |= {"compare.json": table, "report.json": report}
    task = {"recogniser": "anime.classifier", "student": "anime.distill", "words": "anime.fusion"}[kind]
    version = _weight(owner, name, task, list(NAMES[:CHARACTERS]), files)
    assert version.run is not None
    _artifact(version.run, MAP, draw_face(0, 0, 128).resize((128, 64)))
    Training.objects.create(
        owner=owner, name=name, kind=kind, collection=collection, run=version.run, weight=version, preset="cpu",
        teacher=teacher,
    )  # fmt: skip
    return version


def make_generator(
    owner: User, collection: Collection, recogniser: WeightVersion | None = None, *, epochs: int = 3
) -> WeightVersion:
    """A generator of the first character with its report and its sheets of samples."""
    path = CharacterImage.objects.filter(collection=collection).values_list("path", flat=True)[0]
    report = {
        "agreement": 0.85, "diversity": 0.42, "memorised": 0.0, "grid_artefact": 1.1, "description_distance": 0.21,
        "sharpness": 0.8, "fulfilled": {"agreement": True, "diversity": False, "no_copies": True, "no_grid": True},
        "judged": {"sheet": "samples/samples_epoch_1.png", "columns": 2, "size": 64},
        "nearest": [{"sample": at, "path": path, "distance": 0.41 + at, "is_copy": at == 3} for at in range(4)],
    }  # fmt: skip
    version = _weight(owner, "Aoi, 64 px", "anime.generator", [NAMES[0]], {"report.json": report})
    assert version.run is not None
    _sheets(version.run, epochs)
    Training.objects.create(
        owner=owner, name="Aoi, 64 px", kind="generator", collection=collection, run=version.run, weight=version,
        preset="cpu_64", teacher=recogniser, character=NAMES[0],
    )  # fmt: skip
    return version


def make_drawn(owner: User, generator: WeightVersion, count: int = 3) -> list[GeneratedImage]:
    """Images that the generator drew, with what the second classifier and the training images say."""
    path = CharacterImage.objects.values_list("path", flat=True)[0]
    rows = []
    for seed in range(count):
        row = GeneratedImage.objects.create(
            owner=owner, generator=generator, character=NAMES[0], seed=seed, truncation=0.8, width=64, height=64,
            position=seed, agreed=seed != 1, confidence=0.8, nearest={"path": path, "distance": 0.4},
        )  # fmt: skip
        place = generated_file(row)
        place.parent.mkdir(parents=True, exist_ok=True)
        draw_face(0, seed, 64).save(place, "PNG")
        rows.append(row)
    return rows


def _sheets(run: Run, epochs: int) -> None:
    for epoch in range(1, epochs + 1):
        _artifact(run, f"samples/samples_epoch_{epoch}.png", draw_face(epoch % CHARACTERS, epoch, 128))


def _artifact(run: Run, name: str, image: Image.Image) -> None:
    place = run_folder(run.id) / "artifacts" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    image.save(place)
    Artifact.objects.create(
        run=run, name=name, path=f"artifacts/{name}", media_type="image/png", size_bytes=place.stat().st_size,
        sha256=hashlib.sha256(place.read_bytes()).hexdigest(),
    )  # fmt: skip


def _weight(owner: User, name: str, task: str, classes: list[str], files: dict[str, Any]) -> WeightVersion:
    """A run with what it left, and the weight in the library."""
    run = Run.objects.create(owner=owner, name=name, recipe=task, state=RunState.COMPLETED)
    folder = run_folder(run.id) / "artifacts" / "weight"
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder.parent / file).write_text(json.dumps(content))
    save_file({"bias": np.zeros(len(classes), np.float32)}, folder / "model.safetensors")
    facts = {"mode": "RGB", "size": [96, 96], "fit_picture": "crop"}
    write_facts(folder, WeightFacts(task=task, files=["model.safetensors"], classes=classes, preprocessing=facts))
    weight = Weight.objects.create(owner=owner, name=name, task=task)
    version = WeightVersion(id=uuid4(), weight=weight, number=1, source="run", size_bytes=20, sha256="0" * 64, run=run,
                            classes=classes, preprocessing=facts)  # fmt: skip
    version.folder = put(folder, version.id)
    version.save()
    return version
