"""A search for wrong labels is a run from the health page; what it finds joins the page, with fixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.finding_words import WORDS, worded
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.services.start_doubts import start_doubts
from cvstudio.datasets.tests.carry_out import carry_out_all, newest, ready_dataset
from cvstudio.runs.models import Run, RunState
from ml_core.data.digits import write_digits
from ml_core.data.finding_texts import TEXTS
from ml_core.errors import CodedError

API = "/api/v1/datasets"


@pytest.fixture
def digits(alice: Any, root: Path) -> Dataset:
    """Digits, of which four ones lie among the zeros."""
    write_digits(root / "digits", per_class=30)
    for number, file in enumerate(sorted((root / "digits").rglob("1/*.png"))[:4]):
        file.rename(file.parent.parent / "0" / f"one{number}.png")
    return ready_dataset(alice, root / "digits")


def training(owner: Any, version: DatasetVersion, recipe: str, **more: Any) -> Run:
    """A completed training as it stands in the database."""
    config = {"seed": 3, "data": {"version": version.folder, "root": version.root, "cache_mib": 7}, "size": 64,
              "initial_weights": "/w", **more}  # fmt: skip
    return Run.objects.create(owner=owner, name="Old", recipe=recipe, queue="train", state=RunState.COMPLETED,
                              config=config, result={"weight": {"path": "artifacts/weight"}},
                              dataset_version=version)  # fmt: skip


def test_a_search_joins_the_health_page_and_its_fix_can_be_undone(alice_page: Client, digits: Dataset) -> None:
    address = f"/datasets/{digits.id}"
    assert "Look for wrong labels" in alice_page.get(f"{address}/health").content.decode()
    answer = alice_page.post(f"{address}/do/doubts", {"judge": "description", "version": "1"})
    assert answer["Location"] == f"{address}/health"
    assert "data-working" in alice_page.get(f"{address}/doubts").content.decode()
    carry_out_all()
    page = alice_page.get(f"{address}/health")
    [finding] = [entry for entry in page.context["findings"] if entry["code"] == "likely_wrong_classes"]
    named = {image.path for image in newest(digits).images.filter(position__in=finding["positions"])}
    ones = {image.path for image in newest(digits).images.filter(path__contains="one")}
    assert len(ones & named) >= 3 and len(named) <= 8
    assert [name for name, _ in finding["fixes"]] == ["take_likely_classes", "leave_out_likely_wrong"]
    assert "The labels of 300 images were judged." in page.content.decode()
    filtered = alice_page.get(finding["url"])
    assert filtered.context["total"] == len(named)
    alice_page.post(f"{address}/do/correct", {"fix": "take_likely_classes", "version": "1"})
    carry_out_all()
    made = newest(digits)
    right = [image.path for image in made.images.filter(path__contains="one", label=made.classes.index("1"))]
    assert len(right) >= 3
    assert made.doubts == {}
    alice_page.post(f"{address}/do/choose", {"version": "1"})
    assert Dataset.objects.get(id=digits.id).current_version.number == 1


def test_measuring_again_keeps_what_the_search_found(alice_page: Client, digits: Dataset) -> None:
    start_doubts(newest(digits), digits.owner)
    carry_out_all()
    alice_page.post(f"/datasets/{digits.id}/do/measure", {})
    carry_out_all()
    codes = {finding["code"] for finding in alice_page.get(f"/datasets/{digits.id}/health").context["findings"]}
    assert "likely_wrong_classes" in codes


def test_the_image_page_says_what_is_suggested(alice_page: Client, digits: Dataset) -> None:
    start_doubts(newest(digits), digits.owner)
    carry_out_all()
    page = alice_page.get(f"/datasets/{digits.id}/health")
    [finding] = [entry for entry in page.context["findings"] if entry["code"] == "likely_wrong_classes"]
    image = newest(digits).images.get(position=finding["positions"][0])
    page = alice_page.get(f"/datasets/{digits.id}/images/{image.id}")
    [suggestion] = page.context["boot"]["suggestions"]
    assert suggestion["change"]["do"] == "set_class"
    assert suggestion["change"]["image"] == image.position
    assert "Take over" in page.content.decode()


def test_the_api_starts_a_search_and_tells_all_suggestions(alice_api: Any, digits: Dataset) -> None:
    url = f"{API}/{digits.id}/versions/1/doubts"
    assert alice_api.get(url).json() == {"run": None, "findings": []}
    answer = alice_api.post(url, {}, format="json")
    assert answer.status_code == 202
    assert alice_api.post(url, {}, format="json").json() == answer.json()  # it waits already
    carry_out_all()
    found = alice_api.get(url).json()
    assert found["judged"] == 300 and found["agreement"] > 0.75
    assert found["findings"][0]["suggestions"][0]["change"]["do"] == "set_class"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"by": "magic"}, 400, "request.invalid"), ({"by": "weight"}, 404, "dataset.not_found"),
        ({"by": "training"}, 404, "dataset.not_found"), ({"by": "training", "folds": 99}, 400, "request.invalid"),
        ({"by": "weight", "judge": "00000000-0000-0000-0000-000000000007"}, 404, "dataset.not_found"),
    ],
)  # fmt: skip
def test_what_cannot_judge_is_refused(body: Any, status: int, code: str, alice_api: Any, dataset: Dataset) -> None:
    answer = alice_api.post(f"{API}/{dataset.id}/versions/1/doubts", body, format="json")
    assert answer.status_code == status
    assert {"code", "message", "hint"} <= set(answer.json())


@pytest.mark.parametrize("judge", ["magic", "weight:x", "training:", ":", "weight:" + "9" * 5000])
def test_a_form_that_names_no_judge_is_answered_in_words(judge: str, alice_page: Client, dataset: Dataset) -> None:
    form = {"judge": judge, "folds": "1e9"}
    answer = alice_page.post(f"/datasets/{dataset.id}/do/doubts", form, follow=True)
    assert answer.status_code == 200
    assert newest(dataset).doubts_run is None
    assert [str(message) for message in answer.context["messages"]]


def test_boxes_are_judged_by_detectors(alice: Any, alice_api: Any, boxes: Dataset) -> None:
    version, url = newest(boxes), f"{API}/{boxes.id}/versions/1/doubts"
    assert alice_api.post(url, {}, format="json").json()["code"] == "doubts.by"
    alice_api.post(url, {"by": "training", "folds": 2}, format="json")
    run = newest(boxes).doubts_run
    assert run is not None and (run.recipe, run.config["settings"], run.config["folds"]) == ("data.cross_doubts", {}, 2)
    Run.objects.filter(id=run.id).update(state=RunState.STOPPED)
    old = training(alice, version, "vision.detect")
    alice_api.post(url, {"by": "training", "judge": str(old.id)}, format="json")
    run = newest(boxes).doubts_run
    assert run is not None
    assert run.config["settings"] == {"seed": 3, "size": 64, "data": {"cache_mib": 7}}
    Run.objects.filter(id=run.id).update(state=RunState.STOPPED)
    alice_api.post(url, {"by": "weight", "judge": str(old.id)}, format="json")
    run = newest(boxes).doubts_run
    assert run is not None and run.config["weight"].endswith(f"{old.id}/artifacts/weight")
    assert run.config["seen"] == version.folder


def test_judges_are_own_trainings_for_the_same_kind_of_labels(
    alice: Any, bob: Any, alice_page: Client, boxes: Dataset
) -> None:
    mine = training(alice, newest(boxes), "vision.detect")
    training(bob, newest(boxes), "vision.detect")
    training(alice, newest(boxes), "vision.classify")
    page = alice_page.get(f"/datasets/{boxes.id}/health")
    assert [run.id for run in page.context["judges"]] == [mine.id]
    assert f"weight:{mine.id}" in page.content.decode()


def test_a_weight_whose_images_are_not_known_any_more_does_not_judge(alice: Any, boxes: Dataset) -> None:
    old = training(alice, newest(boxes), "vision.detect")
    old.config["data"]["version"] = "/nowhere"
    old.save()
    with pytest.raises(CodedError) as caught:
        start_doubts(newest(boxes), alice, by="weight", judge=str(old.id))
    assert caught.value.code == "doubts.seen"


def test_a_failed_search_says_why(alice_page: Client, dataset: Dataset) -> None:
    alice_page.post(f"/datasets/{dataset.id}/do/doubts", {"judge": "description"})
    Run.objects.update(config={**Run.objects.latest("created_at").config, "folds": 20})
    carry_out_all()
    assert "too few to leave out" in alice_page.get(f"/datasets/{dataset.id}/health").content.decode()


def test_every_finding_has_words_that_can_be_translated() -> None:
    assert {code: tuple(map(str, words)) for code, words in WORDS.items()} == TEXTS


def test_findings_of_older_releases_stay_as_they_were_written() -> None:
    old = {"code": "dark", "message": "Old.", "hint": "Old.", "count": 1}
    assert worded(old) == old
    assert worded({**old, "facts": {}})["message"] == "Nearly black images: 1."
