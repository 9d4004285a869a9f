"""The recipe that adds a character to weights, and what it says of how well that will go."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ml_core.anime.online.learning import OnlineLearningSystem
from ml_core.anime.online.learning_curve import NewCharacter, known_top1
from ml_core.anime.recognise.storage import load_recogniser
from ml_core.anime.tests.drawn import NAMES, draw_face
from ml_core.run.cli import main
from ml_core.weights.folder import read_folder

NEW = 4


def enrol(out: Path, recogniser: Path, **settings: str) -> dict[str, Any]:
    config = out.with_suffix(".json")
    config.write_text(json.dumps({"recogniser": str(recogniser), "threads": 1, **settings}))
    main(["anime.enrol", "--config", str(config), "--out", str(out)])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def faces(folder: Path, character: int, seeds: range) -> Path:
    folder.mkdir()
    for seed in seeds:
        draw_face(character, seed).save(folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="module")
def enrolled(drawn_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("enrolled")
    images = faces(base / "images", NEW, range(12))
    (images / "note.jpg").write_text("no image")
    assert enrol(base / "run", drawn_model, name=NAMES[NEW], images=str(images))["state"] == "completed"
    return base / "run"


def test_the_new_weights_know_everybody_and_the_old_ones_are_left_alone(drawn_model, enrolled, tmp_path):
    facts, _ = read_folder(enrolled / "artifacts/weight")
    assert facts.task == "anime.classifier" and set(facts.classes) == set(NAMES[:5])
    assert set(load_recogniser(drawn_model).characters) == set(NAMES[:4])
    faces(tmp_path / "asked", NEW, range(50, 54))
    system = OnlineLearningSystem(enrolled / "artifacts/weight", tmp_path / "db")
    names = [answer.names[0] for answer in system.recognise(sorted((tmp_path / "asked").iterdir()))]
    assert names.count(NAMES[NEW]) >= 3


def test_the_report_says_how_well_it_is_told_apart_after_so_many_images(enrolled):
    report = json.loads((enrolled / "artifacts/enrolment.json").read_text())
    assert (report["action"], report["used"], report["characters"]) == ("added", 12, 5)
    assert [row["path"] for row in report["rejects"]] == ["note.jpg"]
    assert report["sizes"]["20"] is None and report["sizes"]["10"]["told_apart"] >= 0.8
    assert [row["images"] for row in report["curve"]] == [1, 2, 3, 5, 10, 11]
    assert report["sizes"]["1"]["told_apart"] <= report["sizes"]["10"]["told_apart"] + 0.1
    assert all(0 < row["error"] < 0.2 for row in report["curve"])
    assert report["known_after"] >= report["known_before"] - 0.1


def test_the_estimate_is_that_of_leaving_each_image_out_by_hand(drawn_model, tmp_path):
    folder = faces(tmp_path / "new", 5, range(6))
    paths = sorted(folder.iterdir())
    hits = 0
    for number, path in enumerate(paths):
        system = OnlineLearningSystem(drawn_model, tmp_path / f"db{number}")
        system.add_new_role("new", [other for other in paths if other != path])
        hits += system.recognise([path])[0].names[0] == "new"
    added = OnlineLearningSystem(drawn_model, tmp_path / "db").add_new_role("new", paths)
    assert added.curve[-1].images == 5 and added.told_apart == pytest.approx(hits / 6)


def test_a_character_like_a_known_one_is_said_to_be_hard_to_tell_from_it(drawn_model, tmp_path):
    images = faces(tmp_path / "double", 0, range(70, 76))
    added = OnlineLearningSystem(drawn_model, tmp_path / "db").add_new_role("double", sorted(images.iterdir()))
    assert [row.name for row in added.confusable] == [NAMES[0]]
    assert 0.1 <= added.confusable[0].probability <= 0.9


def test_known_characters_are_judged_by_prototypes_without_the_image_itself(drawn_model):
    recogniser = load_recogniser(drawn_model)
    vectors, labels = recogniser.exemplars.vectors, recogniser.exemplars.labels
    hits = []
    for row in range(len(vectors)):
        kept = [other for other in range(len(vectors)) if other != row]
        recogniser.exemplars.vectors, recogniser.exemplars.labels = vectors[kept], labels[kept]
        recogniser._directions = None
        hits.append(int(recogniser.similarities(vectors[row : row + 1]).argmax()) == int(labels[row]))
    assert known_top1(load_recogniser(drawn_model), recogniser.characters) == pytest.approx(sum(hits) / len(hits))


def test_a_single_image_has_no_curve(drawn_model):
    recogniser = load_recogniser(drawn_model)
    new = NewCharacter(recogniser, recogniser.exemplars.vectors[:1], recogniser.exemplars.vectors[:1], "new")
    assert new.curve() == [] and new.confusable() == []


def test_removal_forgets_one_character_and_keeps_the_others(enrolled, tmp_path):
    result = enrol(tmp_path / "removed", enrolled, remove=NAMES[1])
    assert (result["action"], result["characters"]) == ("removed", 4)
    assert NAMES[1] not in load_recogniser(tmp_path / "removed/artifacts/weight").characters


def test_enrolling_twice_gives_the_same_bytes(drawn_model, tmp_path):
    images = faces(tmp_path / "images", NEW, range(4))
    digests = set()
    for name in ("one", "two"):
        enrol(tmp_path / name, drawn_model, name="new", images=str(images))
        tensors = (tmp_path / name / "artifacts/weight/recogniser.safetensors").read_bytes()
        digests.add(hashlib.sha256(tensors).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"name": "x", "images": "missing"}, "anime.no_folder"),
        ({"remove": "nobody"}, "anime.unknown_role"),
        ({"name": "x"}, "config.invalid"),
        ({}, "config.invalid"),
    ],
)
def test_what_cannot_be_done_is_said(drawn_model, tmp_path, settings, code, capsys):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"recogniser": str(drawn_model), **settings}))
    assert main(["anime.enrol", "--config", str(config), "--out", str(tmp_path / "run")]) != 0
    assert code in capsys.readouterr().err
