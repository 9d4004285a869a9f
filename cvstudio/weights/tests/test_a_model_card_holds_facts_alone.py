"""The model card is read from what is recorded; what is not known is left out, and texts stay text."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from cvstudio.accounts.models import User
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Run
from cvstudio.weights.card import card_of
from cvstudio.weights.card_markdown import card_markdown
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.selectors import versions_for
from cvstudio.weights.tests.makers import make_weight

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(alice: User) -> WeightVersion:
    made = make_weight(alice)
    run, data = made.run, made.dataset_version
    assert run is not None and data is not None
    Run.objects.filter(id=run.id).update(
        config={"seed": 7, "fit": {"epochs": 3, "optimizer": "adamw"}, "augment": [{"op": "RandomHorizontalFlip"}]},
        result={"epochs": 3, "best_epoch": 2, "metrics": {"accuracy": 0.91}},
    )
    data.counts = {"splits": {"train": 40, "val": 9, "test": 0}, "rejected": 2,
                   "classes": [{"train": 35, "val": 5, "test": 0}, {"train": 5, "val": 4, "test": 0}]}  # fmt: skip
    data.fingerprint = "sha256:data"
    data.save()
    table = {"rows": [{"class": "cat", "precision": 0.5, "recall": 0.25, "f1": 0.3333, "support": 5}], "phase": "val"}
    path = run_folder(run.id) / "artifacts/val/per_class.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(table))
    Artifact.objects.create(run=run, name="val/per_class.json", path="artifacts/val/per_class.json",
                            media_type="application/json", size_bytes=path.stat().st_size, sha256="0" * 64)  # fmt: skip
    return versions_for(alice).get(id=made.id)


def facts_of(version: WeightVersion) -> dict[str, str]:
    return {name: value for section in card_of(version).sections for name, value in section.facts}


def test_every_fact_is_one_that_is_recorded(version: WeightVersion) -> None:
    facts = facts_of(version)
    assert facts["SHA-256"] == version.sha256 and facts["Data set"] == "Pets v1"
    assert facts["Training"] == "40 images" and facts["Left out by the import"] == "2"
    assert facts["Seed"] == "7" and facts["Optimizer"] == "adamw" and facts["Augmentation"] == "RandomHorizontalFlip"
    assert facts["Accuracy (validation)"] == "0.91" and facts["Best epoch"] == "2"
    assert "Accuracy (test)" not in facts and "Started from" not in facts and "Aliases" not in facts


def test_its_limits_follow_from_the_counts(version: WeightVersion) -> None:
    text = card_markdown(card_of(version))
    assert "No images were kept for a test" in text
    assert "fewer than 20 images to learn from: dog" in text
    assert "| cat | 50.0% | 25.0% | 33.3% | 5 |" in text
    assert version.dataset_version is not None
    version.dataset_version.counts["splits"]["test"] = 9
    assert "No images were kept for a test" not in card_markdown(card_of(version))


def test_an_upload_says_that_its_data_are_not_known(version: WeightVersion) -> None:
    version.run = version.dataset_version = None
    version.metrics = {}
    titles = [section.title for section in card_of(version).sections]
    assert titles == ["What it is", "What the numbers do not cover"]


def test_texts_of_people_stay_text(version: WeightVersion, alice: User) -> None:
    version.notes = "# Best\n[here](javascript:alert(1)) <script>alert(1)</script> | a | b"
    version.save()
    text = card_markdown(card_of(version))
    assert "\n# Best" not in text and "<script" not in text.replace("\\<script", "") and "[here](" not in text
    client = Client()
    client.force_login(alice)
    page = client.get(f"/weights/{version.id}/card").content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_it_is_downloaded_alone_and_lies_in_the_package(version: WeightVersion, alice_api: APIClient) -> None:
    address = f"/api/v1/weights/{version.id}/download"

    def sent(part: str) -> bytes:
        answer: Any = alice_api.get(address, {"part": part})
        return b"".join(answer.streaming_content)

    card = sent("card").decode()
    assert card.startswith("# Tiny · Pets v1\n")
    with zipfile.ZipFile(io.BytesIO(sent("package"))) as archive:
        inside = next(name for name in archive.namelist() if name.endswith("MODEL_CARD.md"))
        assert archive.read(inside).decode() == card
    assert list(settings.TEMP_DIR.iterdir()) == []
