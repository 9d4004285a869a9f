"""The recipe from a teacher to a student and its twin that learns alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.nn import functional

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.collection.reading import read_collection
from ml_core.anime.describe.by_network import NetworkDescriber
from ml_core.anime.describe.describer import Describer
from ml_core.anime.distill.compare import verdict_on
from ml_core.anime.distill.data import Softness, TaughtData
from ml_core.anime.distill.lesson import Lesson, prepare_lesson
from ml_core.anime.distill.student import as_recogniser, knowing_all
from ml_core.anime.distill.task import ALONE, STUDENT, DistillTask, Students
from ml_core.anime.distill.teaching import Teaching
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser, save_recogniser, space_of
from ml_core.anime.tests.drawn import NAMES, draw_collection
from ml_core.run.cli import main
from ml_core.run.context import RunContext

TINY = {"epochs": 2, "batch_size": 8, "device": "cpu", "threads": 1, "ema_decay": 0.9}


def distill(teacher: Path, known: Path, out: Path, *, resume: bool = False, **changes: Any) -> dict[str, Any]:
    own = {"known": str(known), "teacher": str(teacher), "image_size": 32, "validation": 0.2, "views": 2, "fit": TINY}
    config = {**own, **changes}
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
    probabilities = load_recogniser(weight).answer(read_collection(test).pixels).probabilities
    assert probabilities.shape == (12, 4) and np.allclose(probabilities.sum(1), 1)
    assert set(result["parts"]) == {"network", "inherited"} and result["parts"]["inherited"]["top1"] >= 0.8
    assert result["verdict_code"] in {"helped", "no_help", "teacher_weak"}
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
    for place in ("weight", "alone"):
        for name in ("network", "recogniser"):
            file = f"{place}/{name}.safetensors"
            one, two = (safetensors.torch.load_file(folder / "artifacts" / file) for folder in (tmp_path / "run", out))
            assert all(torch.equal(one[key], two[key]) for key in one), file


def test_a_teacher_of_other_characters_is_refused(drawn_model, tmp_path):
    strange = draw_collection(tmp_path / "known", characters=5, pictures=3)
    result = distill(drawn_model, strange, tmp_path / "run")
    assert (result["state"], result["error"]["code"]) == ("failed", "anime.other_characters")
    assert result["error"]["where"] == NAMES[4]


def lesson(known: Path, teacher: Recogniser) -> tuple[Lesson, Teaching]:
    collection = read_collection(known)
    made = prepare_lesson(collection, collection.labels, teacher, 128, share=0.2, seed=0)
    return made, Teaching(teacher, made.images, made.groups, made.keys, views=3, seed=0)


def test_the_teacher_speaks_of_the_views_that_are_shown(drawn_model, known):
    teacher = load_recogniser(drawn_model)
    made, teaching = lesson(known, teacher)
    said = teaching.about(1)
    assert said.answers.shape == (len(made.images), 4) and said.descriptions.shape[1] == teaching.length
    torch.testing.assert_close(said.answers.exp().sum(1), torch.ones(len(made.images)))
    assert (said.answers.argmax(1) == made.images.labels).float().mean() > 0.7
    assert not torch.equal(said.descriptions, teaching.about(2).descriptions)
    assert torch.equal(teaching.about(4).descriptions, said.descriptions)  # after three views the first comes again
    taught = TaughtData(made.images, teaching, 128, Softness(mixing=0.0), seed=0)
    views, hard, soft, told = taught.batch([3, 5], 1)
    assert torch.equal(views, made.images.batch([3, 5], 1)[0]) and torch.equal(told, said.descriptions[[3, 5]])
    torch.testing.assert_close(soft, said.answers[[3, 5]].exp())
    assert hard.argmax(1).tolist() == made.images.labels[[3, 5]].tolist()


def test_no_image_is_judged_by_prototypes_that_hold_it(drawn_model, known):
    """An image under another's name must not be believed because it was learnt under that name."""
    teacher = load_recogniser(drawn_model)
    collection = read_collection(known)
    wrong = collection.labels.clone()
    wrong[0] = (wrong[0] + 1) % 4
    made = prepare_lesson(collection, wrong, teacher, 128, share=0.2, seed=0)
    teaching = Teaching(teacher, made.images, made.groups, made.keys, views=2, seed=0)
    row = next(r for r in range(len(made.images)) if made.images.item_name(r) == collection.pictures[0].path)
    assert int(teaching.about(0).answers[row].argmax()) == int(collection.labels[0])


def test_both_students_begin_as_one_and_only_one_hears_the_teacher(drawn_model):
    torch.manual_seed(0)
    students = Students(CharacterNetwork("mobilenet_v2", 4, 32), told=6).eval()
    task = DistillTask(students, temperature=1.0, hard_share=0.25, description_weight=2.0)
    views, hard = torch.rand(3, 3, 32, 32), torch.eye(4)[:3]
    soft, told = torch.full((3, 4), 0.25), functional.normalize(torch.randn(3, 6), dim=1)
    (student, read), (alone, _) = students(views, STUDENT), students(views, ALONE)
    assert torch.equal(student, alone)
    batch = (views, hard, soft, told)
    by_labels, by_teacher = (-(wanted * student.log_softmax(1)).sum(1).mean() for wanted in (hard, soft))
    by_descriptions = (1 - (functional.normalize(read, dim=1) * told).sum(1)).mean()
    torch.testing.assert_close(task.part_step(ALONE, batch).loss, by_labels)
    wanted = 0.25 * by_labels + 0.75 * by_teacher + 2 * by_descriptions
    torch.testing.assert_close(task.part_step(STUDENT, batch).loss, wanted)
    groups = task.parameter_groups()
    owned = {part: {id(p) for group in groups[part] for p in group.parameters} for part in groups}
    assert not owned[STUDENT] & owned[ALONE]


@pytest.mark.parametrize("inherits", [False, True])
def test_a_student_is_a_recogniser(drawn_model, known, tmp_path, inherits):
    """It keeps its word when it is loaded, and knows what was held out once nothing is judged by it."""
    teacher = load_recogniser(drawn_model)
    made, _ = lesson(known, teacher)
    own, learnt = NetworkDescriber(CharacterNetwork("mobilenet_v2", 4, 32)).eval(), made.learnt()
    assert isinstance(teacher.describer, Describer)
    describer = teacher.describer.coarser(2) if inherits else own
    network = own.network.looking_once() if inherits else own.network
    student = as_recogniser(describer, network, teacher.characters, learnt)
    whole = knowing_all(student, learnt)
    assert len(whole.exemplars.names) == len(made.images) + len(learnt.labels) == len(whole.exemplars.vectors)
    save_recogniser(whole, tmp_path)
    again, pixels = load_recogniser(tmp_path), made.held.pixels
    one, two = whole.answer(pixels), again.answer(pixels)
    assert np.array_equal(one.probabilities, two.probabilities) and torch.equal(one.vectors, two.vectors)
    np.testing.assert_allclose(one.probabilities.sum(1), 1)
    assert space_of(again) == space_of(student) != space_of(teacher)
    assert torch.equal(again.vectors(pixels), two.vectors)
    assert again.network is not None and again.network.mirrors is not inherits
    assert torch.equal(again.network.logits(pixels), network.logits(pixels))
    if inherits:  # what it has from its teacher needs no network to tell drawn characters apart
        assert (replace(student, network=None).answer(pixels).probabilities.argmax(1) == made.held.labels.numpy()).all()


@pytest.mark.parametrize(
    ("teacher", "student", "alone", "said"),
    [(0.9, 0.88, 0.85, "helped: 88.0%"), (0.8, 0.9, 0.85, "no better"), (0.9, 0.85, 0.85, "did not help")],
)
def test_a_useless_teacher_is_named_as_such(teacher, student, alone, said):
    rows = {"teacher": teacher, "student": student, "student_alone": alone}
    assert said in verdict_on({name: {"scores": {"top1": top1}} for name, top1 in rows.items()}).text


def test_what_was_inherited_is_not_passed_off_as_learnt():
    rows = {
        name: {"scores": {"top1": top1}} for name, top1 in (("teacher", 0.9), ("student", 0.89), ("student_alone", 0.8))
    }
    parts = {"network": {"top1": 0.84}, "inherited": {"top1": 0.88}}
    assert (
        "lessons alone the network reaches 84.0%; the codebooks it takes along reach 88.0%"
        in verdict_on(rows, parts).text
    )
