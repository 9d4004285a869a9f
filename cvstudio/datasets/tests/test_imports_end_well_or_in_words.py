"""From the run's end to the data set: ready, failed with a cause, tried again, deleted with its bytes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cvstudio.datasets.models import Dataset, DatasetImage
from cvstudio.datasets.services import finish_import as finishing
from cvstudio.datasets.services.create_dataset import create_from_folder
from cvstudio.datasets.tests.carry_out import (
    carry_out,
    carry_out_all,
    image_folder,
    newest,
    ready_dataset,
    zipped_classes,
)
from cvstudio.datasets.tests.test_uploads import UPLOAD, form
from cvstudio.runs.models import Run, RunState
from cvstudio.runs.services.control_run import control_run
from cvstudio.runs.supervisor.execute import execute_run

URL = "/api/v1/datasets"


@pytest.fixture
def spoilt(alice: Any, root: Path) -> Dataset:
    """A data set whose import was refused because of its rejects."""
    folder = image_folder(root / "spoilt", {"a": 5, "b": 5})
    for name in ("bad.png", "=1+1.png"):
        (folder / "a" / name).write_bytes(b"no picture")
    dataset = create_from_folder(alice, str(folder))
    carry_out_all()
    return Dataset.objects.get(id=dataset.id)


def test_too_many_rejects_are_shown_and_may_be_accepted(alice_api: Any, spoilt: Dataset) -> None:
    body = alice_api.get(f"{URL}/{spoilt.id}").json()
    assert body["version"] is None
    fault = body["unfinished"][0]["fault"]
    assert (fault["code"], "2 of 12" in fault["message"]) == ("import.rejects", True)
    answer = alice_api.get(f"{URL}/{spoilt.id}/versions/1/rejects")
    text = b"".join(answer.streaming_content).decode()
    assert "a/bad.png,The file is not an image in a known format.," in text
    answer = alice_api.post(f"{URL}/{spoilt.id}/versions/1/retry", {"options": {"accept_rejects": True}})
    assert answer.status_code == 202
    carry_out_all()
    body = alice_api.get(f"{URL}/{spoilt.id}").json()
    assert (body["version"], body["counts"]["images"], body["counts"]["rejected"]) == (1, 10, 2)
    assert body["current_version"]["rejects"] == {"The file is not an image in a known format.": 2}


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_worker_imports_and_measures_with_a_real_process(alice: Any, root: Path) -> None:
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 20, "b": 20})))
    first = newest(dataset).import_run
    assert first is not None
    execute_run(first.id)
    version = newest(dataset)
    assert (version.state, version.images.count()) == ("ready", 40)
    assert version.import_run is not None
    assert (version.import_run.state, version.import_run.progress["stage"]) == ("completed", "scan")
    kept = set(version.import_run.artifacts.values_list("name", flat=True))
    assert kept == {"rejects.csv", "readings.json"}
    assert version.statistics_run is not None
    execute_run(version.statistics_run.id)
    assert newest(dataset).statistics["summary"]["images"] == 40


def test_a_ready_version_never_changes(alice_api: Any, dataset: Dataset) -> None:
    answer = alice_api.post(f"{URL}/{dataset.id}/versions/1/retry", {})
    assert (answer.status_code, answer.json()["code"]) == (400, "dataset.immutable")


def test_a_going_import_is_not_started_twice(alice: Any, alice_api: Any, root: Path) -> None:
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 2, "b": 2})))
    answer = alice_api.post(f"{URL}/{dataset.id}/versions/1/retry", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset.busy")
    for address in ("detailed-stats", "augment"):
        assert alice_api.post(f"{URL}/{dataset.id}/{address}", {}).json()["code"] == "dataset.not_ready"
    assert alice_api.get(f"{URL}/{dataset.id}/images").json()["results"] == []
    assert alice_api.get(f"{URL}/{dataset.id}/detailed-stats").json()["measured"] is False


def test_a_stopped_import_says_so_and_can_be_started_again(alice: Any, root: Path) -> None:
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 2, "b": 2})))
    version = newest(dataset)
    assert version.import_run is not None
    control_run(version.import_run, "stop")
    version = newest(dataset)
    assert (version.state, version.fault["code"]) == ("failed", "import.stopped")
    assert version.import_run is not None
    carry_out(control_run(version.import_run, "resume"))
    assert (newest(dataset).state, newest(dataset).fault) == ("ready", {})


def test_the_hook_may_be_called_twice_and_after_a_crash_in_its_middle(
    alice: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "CHUNK", 3)
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 5, "b": 5})))
    mark, calls = finishing._mark_ready, []

    def crash(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        mark(*arguments)

    monkeypatch.setattr(finishing, "_mark_ready", crash)
    version = newest(dataset)
    assert version.import_run is not None
    with pytest.raises(KeyboardInterrupt):
        carry_out(version.import_run)
    assert DatasetImage.objects.count() == 10
    assert newest(dataset).state == "importing"
    run = Run.objects.get(id=version.import_run.id)
    finishing.finish_import(run)
    finishing.finish_import(run)
    assert (newest(dataset).state, DatasetImage.objects.count()) == ("ready", 10)
    assert [image.position for image in DatasetImage.objects.order_by("position")] == list(range(10))


def test_a_deleted_data_set_is_gone_with_its_bytes(alice_api: Any, settings: Any) -> None:
    body = alice_api.post(UPLOAD, form(zipped_classes({"a": 3, "b": 3})), format="multipart").json()
    carry_out_all()
    image = DatasetImage.objects.first()
    assert image is not None
    alice_api.get(f"{URL}/{body['id']}/images/{image.id}/thumbnail")
    folders = [Path(settings.DATASETS_DIR), Path(settings.THUMBNAILS_DIR), Path(settings.UPLOAD_DIR)]
    assert any(path.is_file() for folder in folders for path in folder.rglob("*"))
    assert alice_api.delete(f"{URL}/{body['id']}").status_code == 204
    assert [path for folder in folders for path in folder.rglob("*")] == []
    assert (Dataset.objects.count(), DatasetImage.objects.count()) == (0, 0)


def test_a_registered_folder_survives_its_data_set(alice_api: Any, dataset: Dataset) -> None:
    before = sorted(Path(dataset.root).rglob("*"))
    assert alice_api.delete(f"{URL}/{dataset.id}").status_code == 204
    assert sorted(Path(dataset.root).rglob("*")) == before


def test_what_a_run_learnt_from_is_kept(alice: Any, alice_api: Any, dataset: Dataset) -> None:
    Run.objects.create(owner=alice, name="First try", recipe="vision.classify", dataset_version=newest(dataset),
                       state=RunState.COMPLETED)  # fmt: skip
    answer = alice_api.delete(f"{URL}/{dataset.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset.in_use")
    assert "First try" in answer.json()["message"]
    assert Path(newest(dataset).folder).is_dir()


def test_deleting_stops_what_waits_and_refuses_while_it_works(alice: Any, alice_api: Any, root: Path) -> None:
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 2, "b": 2})))
    run = newest(dataset).import_run
    assert run is not None
    Run.objects.filter(id=run.id).update(state=RunState.RUNNING)
    answer = alice_api.delete(f"{URL}/{dataset.id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset.busy")
    Run.objects.filter(id=run.id).update(state=RunState.QUEUED)
    assert alice_api.delete(f"{URL}/{dataset.id}").status_code == 204
    assert Run.objects.get(id=run.id).state == RunState.STOPPED


def test_an_import_that_ends_after_the_deletion_does_no_harm(alice: Any, root: Path) -> None:
    dataset = create_from_folder(alice, str(image_folder(root / "x", {"a": 2, "b": 2})))
    run = newest(dataset).import_run
    assert run is not None
    dataset.delete()
    assert carry_out(run).state == RunState.COMPLETED
    assert DatasetImage.objects.count() == 0


def test_a_measurement_is_not_started_twice(alice: Any, alice_api: Any, dataset: Dataset) -> None:
    one = alice_api.post(f"{URL}/{dataset.id}/detailed-stats").json()["run"]
    two = alice_api.post(f"{URL}/{dataset.id}/detailed-stats").json()["run"]
    assert one == two
    carry_out_all()
    three = alice_api.post(f"{URL}/{dataset.id}/detailed-stats").json()["run"]
    assert three != one


def test_large_sets_are_not_measured_unasked(alice: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finishing, "MEASURED_UNASKED", 3)
    dataset = ready_dataset(alice, image_folder(root / "x", {"a": 2, "b": 2}))
    assert newest(dataset).statistics == {}
    assert newest(dataset).statistics_run is None


def test_files_that_another_deletion_has_taken_are_no_fault(
    alice_api: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = alice_api.post(URL, {"source": "sample"}).json()
    folder = Path(settings.DATASETS_DIR) / dataset["id"]
    folder.mkdir(exist_ok=True)
    rename = Path.rename

    def too_late(path: Path, target: Path) -> Path:
        shutil.rmtree(path, ignore_errors=True)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", too_late)
    assert alice_api.delete(f"{URL}/{dataset['id']}").status_code == 204
