"""Uploads become weights only when they are tensors that fit the architecture; everything else leaves nothing."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.weights import library
from cvstudio.weights.models import Weight, WeightVersion
from cvstudio.weights.services import upload_weight as service
from cvstudio.weights.tests.makers import make_architecture, make_weight, safetensors_file, state
from ml_core.weights.compare import TensorSpec
from ml_core.weights.folder import read_folder

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/weights/upload"


@pytest.fixture(autouse=True)
def known_tensors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The architecture's tensors without the child process that finds them, which has its own test."""
    if "process" not in request.keywords:
        expected = {"fc.weight": TensorSpec((2, 192), "F32"), "fc.bias": TensorSpec((2,), "F32")}
        monkeypatch.setattr(service, "expected_tensors", lambda folder: expected)


def upload(api: APIClient, file: io.BytesIO, **fields: Any) -> Any:
    return api.post(ADDRESS, {"file": file, **fields}, format="multipart")


def nothing_is_left() -> bool:
    return not WeightVersion.objects.exists() and list(Path(settings.WEIGHTS_DIR).iterdir()) == []


@pytest.mark.process
def test_a_file_that_fits_becomes_a_weight(alice: User, alice_api: APIClient) -> None:
    architecture = make_architecture(alice)
    answer = upload(alice_api, safetensors_file(), architecture_version=architecture.id, name="Mine",
                    classes='["cat", "dog"]', notes="From elsewhere")  # fmt: skip
    assert answer.status_code == 201, answer.json()
    version = WeightVersion.objects.get(id=answer.json()["id"])
    assert (version.weight.name, version.source, version.classes) == ("Mine", "upload", ["cat", "dog"])
    facts, header = read_folder(library.folder_of(version))
    assert facts.classes == ["cat", "dog"] and set(header.tensors) == {"fc.weight", "fc.bias"}
    assert facts.preprocessing["mode"] == "RGB" and list(facts.preprocessing["size"]) == [8, 8]


@pytest.mark.process
def test_a_plain_pth_is_converted(alice: User, alice_api: APIClient) -> None:
    import torch

    stream = io.BytesIO()
    torch.save({name: torch.from_numpy(value) for name, value in state().items()}, stream)
    stream.seek(0)
    stream.name = "mine.pth"
    answer = upload(alice_api, stream, architecture=make_architecture(alice).architecture_id)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["name"] == "mine" and answer.json()["classes"] == ["0", "1"]
    folder = Path(settings.WEIGHTS_DIR) / answer.json()["id"]
    assert sorted(path.name for path in folder.iterdir()) == ["model.py", "model.safetensors", "weight.json"]


@pytest.mark.process
def test_a_pickle_with_code_is_refused_and_not_kept(alice: User, alice_api: APIClient, tmp_path: Path) -> None:
    import torch

    class Runs:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "marker"), "w")

    stream = io.BytesIO()
    torch.save({"fc.weight": Runs()}, stream)
    stream.seek(0)
    stream.name = "evil.pt"
    answer = upload(alice_api, stream, architecture_version=make_architecture(alice).id)
    assert answer.status_code == 400 and answer.json()["code"] == "weights.unsafe"
    assert not (tmp_path / "marker").exists() and nothing_is_left()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\x80\x04\x95", "weights.truncated"),
        (b"PK\x03\x04" + bytes(60), "weights.not_safetensors"),
        (struct.pack("<Q", 2**40) + b"{}", "weights.not_safetensors"),
        (safetensors_file().getvalue()[:-8], "weights.truncated"),
        (safetensors_file().getvalue() + b"x", "weights.invalid_header"),
    ],
)
def test_files_that_are_no_safetensors_are_refused(
    alice: User, alice_api: APIClient, content: bytes, code: str
) -> None:
    stream = io.BytesIO(content)
    stream.name = "model.safetensors"
    answer = upload(alice_api, stream, architecture_version=make_architecture(alice).id)
    assert answer.status_code == 400 and answer.json()["code"] == code
    assert nothing_is_left()


@pytest.mark.parametrize(
    ("tensors", "word"),
    [
        ({"fc.weight": np.zeros((3, 192), np.float32), "fc.bias": np.zeros(2, np.float32)}, "fc.weight (3, 192)"),
        ({"fc.weight": np.zeros((2, 192), np.float32)}, "1 missing (fc.bias)"),
        ({**state(), "extra": np.zeros(1, np.float32)}, "1 unexpected (extra)"),
    ],
)
def test_tensors_of_another_model_are_named(
    alice: User, alice_api: APIClient, tensors: dict[str, Any], word: str
) -> None:
    answer = upload(alice_api, safetensors_file(tensors), architecture_version=make_architecture(alice).id)
    assert answer.status_code == 400 and answer.json()["code"] == "weights.mismatch"
    assert word in answer.json()["message"] and nothing_is_left()


def test_a_file_over_the_limit_is_turned_away_by_its_own_word(alice: User, alice_api: APIClient, settings: Any) -> None:
    architecture = make_architecture(alice)
    settings.MAX_UPLOAD_SIZE = 1000
    answer = upload(alice_api, safetensors_file(), architecture_version=architecture.id)
    assert answer.status_code == 413 and answer.json()["code"] == "weights.too_large"
    settings.MAX_UPLOAD_SIZE = 1
    huge = {"CONTENT_LENGTH": str(10**12)}
    answer = alice_api.post(ADDRESS, b"", content_type="multipart/form-data; boundary=x", **huge)
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["model.pkl", "model.exe", "model", "safetensors", "model.safetensors.zip"])
def test_other_kinds_of_files_are_refused_by_name(alice: User, alice_api: APIClient, name: str) -> None:
    answer = upload(alice_api, safetensors_file(name=name), architecture_version=make_architecture(alice).id)
    assert answer.status_code == 400 and answer.json()["code"] == "weights.unknown_format"


@pytest.mark.parametrize(
    ("classes", "code"),
    [('["a\\ud800", "b"]', "invalid"), ('["a\\u0000", "b"]', "invalid"),
     ("cat", "weights.class_count"), ("a\nb\nc", "weights.class_count"), ("cat\ncat", "weights.class_names"),
     ("[1, 2]", "invalid"), ("[", "invalid")],
)  # fmt: skip
def test_classes_must_fit_the_outputs(alice: User, alice_api: APIClient, classes: str, code: str) -> None:
    answer = upload(alice_api, safetensors_file(), architecture_version=make_architecture(alice).id, classes=classes)
    assert answer.status_code == 400 and answer.json()["code"] == code and answer.json()["where"] == "classes"


def test_things_of_other_people_do_not_exist(alice: User, bob: User, bob_api: APIClient) -> None:
    foreign = make_architecture(alice)
    answer = upload(bob_api, safetensors_file(), architecture_version=foreign.id)
    assert answer.status_code == 400 and answer.json()["where"] == "architecture_version"
    mine, theirs = make_architecture(bob), make_weight(alice)
    for field, value in {"weight": theirs.weight_id, "parent": theirs.id}.items():
        answer = upload(bob_api, safetensors_file(), architecture_version=mine.id, **{field: value})
        assert answer.status_code == 400 and answer.json()["where"] == field


@pytest.mark.parametrize("path", ["/etc/passwd", "file:///etc/passwd", "//host/x", "../weights"])
def test_a_path_in_place_of_a_file_is_refused(alice: User, alice_api: APIClient, path: str) -> None:
    answer = alice_api.post(
        ADDRESS, {"file": path, "architecture_version": make_architecture(alice).id}, format="multipart"
    )
    assert answer.status_code == 400 and answer.json()["where"] == "file"


def test_a_version_can_be_added_to_a_weight_of_the_same_architecture(alice: User, alice_api: APIClient) -> None:
    first = make_weight(alice)
    answer = upload(alice_api, safetensors_file(), architecture_version=first.architecture_version_id,
                    weight=first.weight_id, parent=first.id)  # fmt: skip
    assert answer.status_code == 201
    assert (answer.json()["number"], answer.json()["parent"]) == (2, str(first.id))
    other = make_architecture(alice, "Other")
    answer = upload(alice_api, safetensors_file(), architecture_version=other.id, weight=first.weight_id)
    assert answer.json()["code"] == "weights.other_architecture"
    assert Weight.objects.count() == 1


def test_preprocessing_given_by_hand_wins(alice: User, alice_api: APIClient) -> None:
    answer = upload(alice_api, safetensors_file(), architecture_version=make_architecture(alice).id,
                    preprocessing=json.dumps({"mean": [0, 0, 0]}))  # fmt: skip
    assert answer.json()["preprocessing"]["mean"] == [0, 0, 0]
    for wrong in ({"std": [0, 1, 1]}, {"mean": [0]}, {"size": [9, 9]}, {"resize": 4}, {"x": 1}, {"mean": ["a", 0, 0]}):
        answer = upload(alice_api, safetensors_file(), architecture_version=make_architecture(alice, "C").id,
                        preprocessing=json.dumps(wrong))  # fmt: skip
        assert answer.status_code == 400 and answer.json()["code"], wrong
    malformed = upload(alice_api, safetensors_file(), architecture_version=make_architecture(alice, "B").id,
                   preprocessing="[1]")  # fmt: skip
    assert malformed.status_code == 400 and malformed.json()["where"] == "preprocessing"
