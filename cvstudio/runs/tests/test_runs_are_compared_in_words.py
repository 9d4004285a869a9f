"""What differs between runs is said in sentences, and a gain inside the spread of the seeds is not called one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.datasets.models import Dataset, DatasetImage, DatasetVersion
from cvstudio.runs.compare_words import compare_in_words, spread_in_words
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState

pytestmark = pytest.mark.django_db


def run_of(owner: Any, accuracy: float = 0.9, *, seed: int = 0, rate: float = 0.001, **facts: Any) -> Run:
    config = {"fit": {"learning_rate": rate, "epochs": 3}, "seed": seed}
    summary = {"epochs": {"val/accuracy": accuracy, "val/loss": 1 - accuracy, "train/loss": 0.1}}
    return Run.objects.create(
        owner=owner, name=f"seed {seed} rate {rate}", recipe="vision.classify", state=RunState.COMPLETED,
        config=config, seed=seed, summary=summary, **facts,
    )  # fmt: skip


def effect(runs: list[Run], name: str = "val/accuracy") -> str:
    return next(text for text in compare_in_words(runs)[-1].effects if text.startswith(name))


def test_one_setting_is_named_with_both_values_and_one_seed_each_may_be_chance(alice: Any) -> None:
    runs = [run_of(alice, 0.90), run_of(alice, 0.95, rate=0.0003)]
    (found,) = compare_in_words(runs)
    assert found.causes == ["fit.learning_rate: 0.001 → 0.0003."]
    assert effect(runs) == "val/accuracy: 0.9 → 0.95 (+0.05), one seed each: that may be chance."


def test_a_gain_inside_the_spread_of_the_seeds_is_not_called_one(alice: Any) -> None:
    first = [run_of(alice, value, seed=seed) for seed, value in enumerate((0.90, 0.93, 0.96))]
    other = [run_of(alice, value, seed=seed, rate=0.01) for seed, value in enumerate((0.92, 0.94, 0.97))]
    assert "no difference is shown" in effect([*first, *other])
    assert len(compare_in_words([*first, *other])) == 1, "seeds of one setting are one group"


def test_a_gain_beyond_the_spread_is_one_and_a_larger_loss_is_worse(alice: Any) -> None:
    first = [run_of(alice, value, seed=seed) for seed, value in enumerate((0.900, 0.902, 0.904))]
    other = [run_of(alice, value, seed=seed, rate=0.01) for seed, value in enumerate((0.951, 0.952, 0.953))]
    assert "better by more than the spread" in effect([*first, *other])
    assert "better by more than the spread" in effect([*first, *other], "val/loss")
    assert "worse by more than the spread" in effect([*other, *first])


def test_seeds_alone_tell_what_chance_does(alice: Any) -> None:
    runs = [run_of(alice, value, seed=seed) for seed, value in enumerate((0.90, 0.92, 0.94))]
    assert compare_in_words(runs) == []
    assert "val/accuracy over 3 seeds: 0.92 ± 0.02." in spread_in_words(runs)


def test_images_that_came_and_went_are_counted_by_class(alice: Any) -> None:
    dataset = Dataset.objects.create(owner=alice, name="Pets")
    versions = [
        DatasetVersion.objects.create(dataset=dataset, number=n, state="ready", folder="", classes=["cat", "dog"])
        for n in (1, 2)
    ]
    for version, shas in ((versions[0], "abc"), (versions[1], "bcdef")):
        for position, sha in enumerate(shas):
            DatasetImage.objects.create(
                version=version, position=position, path=f"{sha}.png", label=0 if sha in "adf" else 1, split="train",
                width=1, height=1, format="PNG", mode="RGB", size_bytes=1, sha256=sha,
            )  # fmt: skip
    (found,) = compare_in_words([run_of(alice, dataset_version=version) for version in versions])
    assert found.causes == ["Data: Pets v1 → Pets v2: 3 images added (2 “cat”, 1 “dog”), 1 images removed (1 “cat”)."]


def test_nodes_that_changed_are_named(alice: Any) -> None:
    architecture = Architecture.objects.create(owner=alice, name="Net")
    nodes = [{"id": "conv3", "op": "Conv2d", "params": {"out_channels": 64}}, {"id": "pool", "op": "MaxPool2d"}]
    wider = [{"id": "conv3", "op": "Conv2d", "params": {"out_channels": 96}}, {"id": "drop", "op": "Dropout"}]
    versions = [
        ArchitectureVersion.objects.create(
            architecture=architecture, number=n, document={"nodes": these}, fingerprint=n
        )
        for n, these in ((1, nodes), (2, wider))
    ]
    (found,) = compare_in_words([run_of(alice, architecture_version=version) for version in versions])
    assert found.causes == ["Network: Net v1 → Net v2: drop added, pool removed, conv3 out_channels 64 → 96."]


def test_another_torch_is_named(alice: Any) -> None:
    runs = [run_of(alice), run_of(alice, rate=0.01)]
    for run, version in zip(runs, ("2.14.0", "2.15.0"), strict=True):
        run_folder(run.id).mkdir(parents=True)
        (run_folder(run.id) / "run.json").write_text(json.dumps({"versions": {"torch": version, "python": "3.11"}}))
    assert "Environment: torch 2.14.0 → 2.15.0." in compare_in_words(runs)[0].causes


def test_the_page_says_it(alice: Any) -> None:
    runs = [run_of(alice), run_of(alice, 0.95, rate=0.01)]
    client = Client()
    client.force_login(alice)
    page = client.get("/runs/compare", {"ids": ",".join(str(run.id) for run in runs)}).content.decode()
    assert "fit.learning_rate: 0.001 → 0.01." in page
    assert "that may be chance" in page
