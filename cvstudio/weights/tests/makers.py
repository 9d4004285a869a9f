"""Makes architectures, runs and weights for tests, without torch."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save, save_file

from cvstudio.accounts.models import User
from cvstudio.architectures.models import Architecture, ArchitectureVersion
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run, RunState
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.services.record_run_weight import record_run_weight
from ml_core.graph import analyze, fingerprint
from ml_core.graph.build import write_model

CLASSES = ["cat", "dog <script>alert(1)</script>"]
PREPROCESSING = {"mode": "RGB", "size": [8, 8], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}


def document(outputs: int = 2) -> dict[str, Any]:
    """A tiny classifier of 8 x 8 pictures."""
    return {
        "format": "cvstudio.graph/1",
        "name": "Tiny",
        "nodes": [
            {"id": "image", "op": "Input", "params": {"shape": [3, 8, 8]}},
            {"id": "flat", "op": "Flatten", "params": {}},
            {"id": "fc", "op": "Linear", "params": {"out_features": outputs}},
            {"id": "logits", "op": "Output", "params": {}},
        ],
        "edges": [
            {"source": "image", "source_port": "out", "target": "flat", "target_port": "in"},
            {"source": "flat", "source_port": "out", "target": "fc", "target_port": "in"},
            {"source": "fc", "source_port": "out", "target": "logits", "target_port": "in"},
        ],
    }


def state(outputs: int = 2) -> dict[str, np.ndarray[Any, Any]]:
    """Tensors of `document`."""
    numbers = np.random.default_rng(0)
    weight = numbers.standard_normal((outputs, 192)).astype(np.float32)
    return {"fc.weight": weight, "fc.bias": np.zeros(outputs, np.float32)}


def safetensors_file(tensors: dict[str, Any] | None = None, name: str = "model.safetensors") -> io.BytesIO:
    """An upload."""
    stream = io.BytesIO(save(tensors if tensors is not None else state()))
    stream.name = name
    return stream


def make_architecture(owner: User, name: str = "Tiny", outputs: int = 2) -> ArchitectureVersion:
    """A stored architecture with one version."""
    architecture = Architecture.objects.create(owner=owner, name=name)
    text = document(outputs)
    version = ArchitectureVersion.objects.create(
        architecture=architecture, number=1, document=text, fingerprint=fingerprint(text), valid=True,
        facts={"params": analyze(text).totals.params},
    )  # fmt: skip
    architecture.current_version = version
    architecture.save()
    return version


def make_dataset(owner: User, name: str = "Pets") -> DatasetVersion:
    """A data set with one version and no images."""
    dataset = Dataset.objects.create(owner=owner, name=name, source=Dataset.Source.UPLOAD)
    return DatasetVersion.objects.create(dataset=dataset, number=1, folder="-", classes=CLASSES, state="ready")


def make_run(
    owner: User,
    architecture: ArchitectureVersion | None = None,
    dataset: DatasetVersion | None = None,
    *,
    name: str = "First try",
    weight: dict[str, Any] | None = None,
) -> Run:
    """A run whose trainer has just ended with a weight folder."""
    run = Run.objects.create(
        owner=owner, name=name, recipe="vision.classify", state=RunState.RUNNING, architecture_version=architecture,
        dataset_version=dataset, config={}, result={"state": "completed", "metrics": {"accuracy": 0.91},
                                                    "weight": weight or {"path": "artifacts/weight"}},
    )  # fmt: skip
    write_weight_folder(run_folder(run.id) / "artifacts" / "weight", run_id=str(run.id))
    return run


def write_weight_folder(folder: Path, outputs: int = 2, **facts: Any) -> Path:
    """What a completed run leaves."""
    folder.mkdir(parents=True)
    save_file(state(outputs), folder / "model.safetensors")
    write_model(document(outputs), folder)
    described = {
        "format": 1, "task": "vision.classify", "classes": CLASSES, "graph": document(outputs),
        "preprocessing": PREPROCESSING, "metrics": {"accuracy": 0.91}, "parameters": 386, "dataset_fingerprint": None,
        "created": "2026-01-01T00:00:00Z", "run_id": None,
    }  # fmt: skip
    (folder / "weight.json").write_text(json.dumps({**described, **facts}))
    return folder


def make_weight(owner: User, name: str = "Tiny") -> WeightVersion:
    """A version in the library, from a run with its own architecture and data set."""
    version = record_run_weight(make_run(owner, make_architecture(owner, name), make_dataset(owner)))
    assert version is not None
    return version
