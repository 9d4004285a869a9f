from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from cvstudio.runs.models import Artifact, Run, RunState
from cvstudio.runs.verdicts import verdict_of
from cvstudio.weights import library
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.export_weight import export_weight
from cvstudio.weights.tests.makers import make_weight

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(alice: Any) -> WeightVersion:
    return make_weight(alice)


def test_the_button_queues_an_export_on_the_images_of_the_weight(version: WeightVersion, alice: Any) -> None:
    client = Client()
    client.force_login(alice)
    answer = client.post(f"/weights/{version.id}/export")
    run = Run.objects.get(recipe="vision.export")
    assert answer.headers["Location"] == f"/runs/{run.id}"
    assert run.queue == "io"
    assert run.config["weight"] == str(library.folder_of(version))
    data = version.dataset_version
    assert (run.config["version"], run.config["root"]) == (data.folder, data.root) if data else (None, None)


def test_detectors_are_written_as_well(version: WeightVersion, alice: Any) -> None:
    version.weight.task = "vision.detect"
    version.weight.save()
    client = Client()
    client.force_login(alice)
    assert "Write ONNX" in client.get(f"/weights/{version.id}").content.decode()
    assert export_weight(version, alice).config["weight"] == str(library.folder_of(version))


def test_what_came_of_it_stands_on_the_page_of_the_weight(version: WeightVersion, alice: Any) -> None:
    run = export_weight(version, alice)
    run.state, run.result = RunState.COMPLETED, {"verdict": "onnx answers the same: <all> of them."}
    run.save()
    file = Artifact.objects.create(
        run=run, name="export.zip", path="artifacts/export.zip", size_bytes=10, sha256="0" * 64, media_type="a/b"
    )
    client = Client()
    client.force_login(alice)
    page = client.get(f"/weights/{version.id}").content.decode()
    assert "onnx answers the same: &lt;all&gt; of them." in page
    assert f"/api/v1/training/{run.id}/artifacts/{file.id}/download" in page


def test_the_proof_is_told_in_the_language_of_the_reader(version: WeightVersion, alice: Any) -> None:
    run = export_weight(version, alice)
    times = {"images": 32, "ms_an_image": 1.24, "ms_an_image_before": 2.0, "largest_difference": 2e-6}
    boxes = {**times, "is_proved": False, "matched": 9, "boxes": 10, "added": 0, "largest_shift": 0.5}
    failed = {"error": {"message": "The network cannot be written as onnx."}}
    run.result = {"verdict": "English", "formats": {
        "torch_export": {**times, "is_proved": True, "same_class": 1.0}, "onnx": failed, "other": boxes}}  # fmt: skip
    said = verdict_of(run)
    assert said.startswith("torch_export answers the same: on 32 images classes agree in 100.00%, probabilities")
    assert "1.2 ms an image against 2.0 ms. onnx: The network cannot be written as onnx. other does NOT" in said
    assert "9 of 10 boxes are found again and 0 are added, edges differ by at most 5.0e-01 pixels" in said
    with override("zh-hans"):
        assert "boxes" not in verdict_of(run) and "2.0e-06" in verdict_of(run)


def test_weights_of_another_kind_offer_no_export_and_say_so(version: WeightVersion, alice: Any) -> None:
    version.weight.task = "hsi.anomaly"
    version.weight.save()
    client = Client()
    client.force_login(alice)
    assert "Write ONNX" not in client.get(f"/weights/{version.id}").content.decode()
    with pytest.raises(WeightError, match="other formats"):
        export_weight(version, alice)
