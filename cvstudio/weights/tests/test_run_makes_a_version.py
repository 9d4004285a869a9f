"""A completed run leaves a version in the library: once, hard-linked, and named after what it is."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest

from cvstudio.accounts.models import User
from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed
from cvstudio.weights import library
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.download_weight import prepare_download
from cvstudio.weights.services.record_run_weight import record_run_weight
from cvstudio.weights.tests.makers import CLASSES, make_architecture, make_dataset, make_run
from ml_core.weights.errors import WeightFileError

pytestmark = pytest.mark.django_db


def test_the_hook_records_facts_metrics_and_lineage(alice: User) -> None:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    run = make_run(alice, architecture, dataset)
    run_completed(run)
    version = WeightVersion.objects.get(run=run)
    assert str(version.weight) == "Tiny · Pets" and version.number == 1
    assert version.weight.owner == alice
    assert version.classes == CLASSES and version.metrics == {"accuracy": 0.91}
    assert version.facts["parameters"] == 386 and version.facts["tensors"] == 2
    assert (version.architecture_version, version.dataset_version) == (architecture, dataset)
    assert len(version.sha256) == 64


def test_an_end_reported_twice_makes_one_version(alice: User) -> None:
    run = make_run(alice, make_architecture(alice), make_dataset(alice))
    first, second = record_run_weight(run), record_run_weight(run)
    assert first is not None and first == second
    assert WeightVersion.objects.count() == 1


def test_files_left_by_a_crash_before_the_row_are_used_by_the_next_try(alice: User) -> None:
    run = make_run(alice, make_architecture(alice), make_dataset(alice))
    first = record_run_weight(run)
    assert first is not None
    WeightVersion.objects.all().delete()
    second = record_run_weight(run)
    assert second is not None and second.folder == first.folder


def test_training_again_makes_the_next_version_of_the_same_weight(alice: User) -> None:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    first, second = (record_run_weight(make_run(alice, architecture, dataset)) for _ in range(2))
    assert first is not None and second is not None
    assert first.weight == second.weight and (first.number, second.number) == (1, 2)


def test_other_data_make_another_weight(alice: User) -> None:
    architecture = make_architecture(alice)
    first = record_run_weight(make_run(alice, architecture, make_dataset(alice, "Pets")))
    second = record_run_weight(make_run(alice, architecture, make_dataset(alice, "Birds")))
    assert first is not None and second is not None and first.weight != second.weight


def test_people_never_share_a_weight_by_accident(alice: User, bob: User) -> None:
    architecture, dataset = make_architecture(alice), make_dataset(alice)
    first = record_run_weight(make_run(alice, architecture, dataset))
    second = record_run_weight(make_run(bob, architecture, dataset))
    assert first is not None and second is not None and first.weight != second.weight


def test_the_library_costs_no_second_copy_and_outlives_the_run_folder(alice: User) -> None:
    run = make_run(alice, make_architecture(alice), make_dataset(alice))
    version = record_run_weight(run)
    assert version is not None
    kept = library.folder_of(version) / "model.safetensors"
    assert kept.stat().st_nlink == 2
    assert library.bytes_freed_by_removal(kept.parent) == 0
    shutil.rmtree(run_folder(run.id))
    assert kept.is_file() and library.bytes_freed_by_removal(kept.parent) > 1000


def test_a_run_without_a_weight_makes_nothing(alice: User) -> None:
    run = make_run(alice)
    run.result = {"state": "completed", "weight": None}
    assert record_run_weight(run) is None


@pytest.mark.parametrize("path", ["../../elsewhere", "/etc", "", "artifacts/../../x"])
def test_a_weight_outside_the_run_directory_is_refused(alice: User, path: str) -> None:
    with pytest.raises(WeightFileError):
        record_run_weight(make_run(alice, weight={"path": path}))


def test_a_damaged_weight_fails_with_its_reason(alice: User) -> None:
    run = make_run(alice)
    (run_folder(run.id) / "artifacts/weight/model.safetensors").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(WeightFileError) as caught:
        record_run_weight(run)
    assert caught.value.code == "weights.not_safetensors"
    assert not WeightVersion.objects.exists()


def test_a_domain_keeps_its_own_files_and_says_what_it_began_from(alice: User) -> None:
    first = record_run_weight(make_run(alice))
    assert first is not None
    run = make_run(alice)
    folder = run_folder(run.id) / "artifacts" / "weight"
    (folder / "model.safetensors").rename(folder / "tokenizer.safetensors")
    (folder / "tokenizer.json").write_text("{}")
    facts = {"task": "domain.tokenizer", "files": ["tokenizer.safetensors", "tokenizer.json"]}
    (folder / "weight.json").write_text(json.dumps(facts))
    run.config = {"encoder": str(library.folder_of(first))}
    version = record_run_weight(run, began_from="encoder")
    assert version is not None and version.parent == first
    kept = library.folder_of(version)
    assert sorted(path.name for path in kept.iterdir()) == ["tokenizer.json", "tokenizer.safetensors", "weight.json"]
    with zipfile.ZipFile(prepare_download(version, "folder").path) as archive:
        assert len(archive.namelist()) == 3
    assert prepare_download(version, "safetensors").path.name == "tokenizer.safetensors"
    with pytest.raises(WeightError) as caught:
        prepare_download(version, "package")
    assert caught.value.code == "weights.no_graph"


@pytest.mark.parametrize("files", [[], ["../x.safetensors"], ["x.json"], ["a.safetensors", "weight.json"], ["b"] * 60])
def test_a_folder_that_names_strange_files_is_refused(alice: User, files: list[str]) -> None:
    run = make_run(alice)
    facts = {"task": "domain.tokenizer", "files": files}
    (run_folder(run.id) / "artifacts" / "weight" / "weight.json").write_text(json.dumps(facts))
    with pytest.raises(WeightFileError) as caught:
        record_run_weight(run)
    assert caught.value.code == "weights.invalid_facts"
