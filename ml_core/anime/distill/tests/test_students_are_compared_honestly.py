"""The recipe from a teacher to a student and its twin that learns alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.nn import functional

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.collection.reading import read_collection
from ml_core.anime.distill.compare import verdict_on
from ml_core.anime.distill.student import load_student
from ml_core.anime.distill.task import DistillTask, Students
from ml_core.anime.recognise.storage import load_recogniser
from ml_core.anime.tests.drawn import NAMES, draw_collection
from ml_core.run.cli import main
from ml_core.run.context import RunContext
from ml_core.weights.errors import WeightFileError

TINY = {"epochs": 2, "batch_size": 8, "device": "cpu", "threads": 1, "ema_decay": 0.9}


def distill(teacher: Path, known: Path, out: Path, *, resume: bool = False, **changes: Any) -> dict[str, Any]:
    config = {"known": str(known), "teacher": str(teacher), "image_size": 32, "fit": TINY, **changes}
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps(config))
    main(["anime.distill", "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_collection(tmp_path_factory.mktemp("collection") / "known", characters=4, pictures=6)


@pytest.mark.slow
def test_the_three_are_compared_on_other_images_and_pauses_change_no_bit(known, drawn_model, tmp_path, monkeypatch):
    test = draw_collection(tmp_path / "test", characters=4, pictures=3, first=60)
    result = distill(drawn_model, known, tmp_path / "run", test=str(test))
    assert result["state"] == "completed", result["error"]
    assert result["teacher"]["scores"]["top1"] >= 0.8
    assert all(result[name]["images"] == 12 for name in ("teacher", "student", "student_alone"))
    assert all(result[name]["ms"] > 0 and result[name]["mb"] > 0 for name in ("teacher", "student", "student_alone"))
    weight = tmp_path / "run" / result["weight"]["path"]
    student = load_student(weight)
    probabilities = student.probabilities(read_collection(test).pixels)
    assert probabilities.shape == (12, 4) and np.allclose(probabilities.sum(1), 1)
    looks, limit = 0, 10

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal looks, limit
        looks += 1
        if looks < limit:
            return None
        looks, limit = 0, 3 * limit
        return "pause"

    monkeypatch.setattr(RunContext, "requested", pause_now_and_then)
    out = tmp_path / "paused"
    states = [distill(drawn_model, known, out, test=str(test))["state"]]
    while states[-1] == "paused":
        states.append(distill(drawn_model, known, out, test=str(test), resume=True)["state"])
    assert states[-1] == "completed" and len(states) > 1
    for name in ("student", "student_alone"):
        one, two = (
            safetensors.torch.load_file(folder / f"{name}.safetensors")
            for folder in (weight, out / "artifacts" / "weight")
        )
        assert all(torch.equal(one[key], two[key]) for key in one), name


def test_a_teacher_of_other_characters_is_refused(drawn_model, tmp_path):
    strange = draw_collection(tmp_path / "known", characters=5, pictures=3)
    result = distill(drawn_model, strange, tmp_path / "run")
    assert (result["state"], result["error"]["code"]) == ("failed", "anime.other_characters")
    assert result["error"]["where"] == NAMES[4]


def test_both_students_begin_as_one_and_only_one_hears_the_teacher(drawn_model):
    teacher = load_recogniser(drawn_model)
    torch.manual_seed(0)
    students = Students(CharacterNetwork("mobilenet_v2", 4, 32)).eval()
    task = DistillTask(students, teacher, temperature=2.0, hard_share=0.0, label_smoothing=0.0, mixing=0.0)
    views = torch.rand(3, 3, 128, 128)
    student, alone = students(task._small(views))
    assert torch.equal(student, alone)
    labels = torch.tensor([0, 1, 2])
    step = task.training_step((views, labels, labels))
    soft = task.soft_labels(views)
    by_teacher = -(soft * (student / 2).log_softmax(1)).sum(1).mean() * 4
    torch.testing.assert_close(step.metrics["student_loss"], by_teacher.detach())
    torch.testing.assert_close(step.metrics["alone_loss"], functional.cross_entropy(alone, labels).detach())


@pytest.mark.parametrize(
    ("teacher", "student", "alone", "said"),
    [(0.9, 0.88, 0.85, "helped: 88.0%"), (0.8, 0.9, 0.85, "no better"), (0.9, 0.85, 0.85, "did not help")],
)
def test_a_useless_teacher_is_named_as_such(teacher, student, alone, said):
    rows = {"teacher": teacher, "student": student, "student_alone": alone}
    assert said in verdict_on({name: {"scores": {"top1": top1}} for name, top1 in rows.items()})


def test_a_missing_student_is_said(tmp_path):
    with pytest.raises(WeightFileError):
        load_student(tmp_path)
