from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cvstudio.weights import library
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.write_package import package_texts
from cvstudio.weights.tests.makers import CLASSES, make_weight
from ml_core.graph.build import write_model
from ml_core.graph.detector_starters import ssdlite_detector

pytestmark = pytest.mark.django_db


def become(version: WeightVersion, task: str) -> None:
    """The weight of a drawn detector, as its training leaves it."""
    folder = library.folder_of(version)
    facts = json.loads((folder / "weight.json").read_text())
    canvas = {"mode": "RGB", "size": [96, 128], "resize": "fit", "fill": 114, "mean": [0.5] * 3, "std": [0.5] * 3}
    facts |= {"task": task, "graph": ssdlite_detector(2), "preprocessing": canvas, "threshold": 0.37}
    (folder / "weight.json").write_text(json.dumps(facts))
    write_model(ssdlite_detector(2), folder)
    version.weight.task = task
    version.weight.save()


def test_a_detector_leaves_with_its_own_code_and_settings(alice: Any) -> None:
    version = make_weight(alice)
    become(version, "vision.detect")
    version.run.config = {"seed": 7, "mosaic": 0.5, "size": 128, "fit": {"epochs": 3}}
    texts = package_texts(version)
    assert texts["model.py"] == (library.folder_of(version) / "model.py").read_text()
    config = json.loads(texts["config.json"])
    assert config["classes"] == CLASSES
    assert config["preprocessing"]["size"] == [96, 128]
    assert (config["threshold"], config["seed"], config["mosaic"], config["fit"]["epochs"]) == (0.37, 7, 0.5, 3)
    assert "def mosaic(" in texts["train.py"]
    assert {"predict.py", "README.md", "requirements.txt", "weight.json"} <= set(texts)


def test_the_page_offers_it_and_other_kinds_say_that_there_is_none(alice: Any) -> None:
    version = make_weight(alice)
    become(version, "vision.detect")
    client = Client()
    client.force_login(alice)
    assert "part=package" in client.get(f"/weights/{version.id}").content.decode()
    become(version, "vision.segment")
    assert "part=package" not in client.get(f"/weights/{version.id}").content.decode()
    with pytest.raises(WeightError, match="No package"):
        package_texts(version)
