"""One of everything, owned by Alice, for the access matrix."""

from __future__ import annotations

import importlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from PIL import Image

from conftest import make_user
from cvstudio.accounts.models import User
from cvstudio.architectures.services.create_architecture import create_architecture
from cvstudio.datasets.models import AugmentationConfig, DatasetImage
from cvstudio.inference.models import InferenceJob
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Artifact, Checkpoint, Run, RunState
from cvstudio.weights.services.record_run_weight import record_run_weight
from cvstudio.weights.tests.makers import document, make_dataset, make_run

NOTHING = uuid.UUID(int=7)


@dataclass
class World:
    """The people, and Alice's things by the names that addresses use for them.

    Attributes:
        ids: Beginning of a path -> names of its parts -> what stands there. The longest beginning counts.
    """

    alice: User
    bob: User
    admin: User
    things: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fill(self, path: str, instead: Any = None) -> str:
        """The address of Alice's thing, or of nothing."""
        for prefix in sorted(self.ids, key=len, reverse=True):
            if path.startswith(prefix):
                for name, value in self.ids[prefix].items():
                    is_id = isinstance(value, uuid.UUID)
                    path = path.replace("{" + name + "}", str(instead if instead and is_id else value))
                break
        assert "{" not in path, f"tests/access_world.py does not know what {path} speaks of"
        return path

    def marks(self) -> list[str]:
        """What must not show up in a stranger's answer: ids and names of Alice's things."""
        return [str(thing.pk) for thing in self.things.values()]


def make_world() -> World:
    """Alice's things, with files where a view reads them."""
    world = World(make_user("alice"), make_user("bob"), make_user("admin", is_staff=True, is_superuser=True))
    alice = world.alice
    image_path = "cat/1.png"
    architecture = create_architecture(alice, name="Tiny", document=document()).current_version
    dataset = make_dataset(alice)
    type(dataset.dataset).objects.filter(pk=dataset.dataset_id).update(current_version=dataset)
    dataset.counts = {"images": 1, "bytes": 80, "rejected": 0, "files": 1, "splits": {"train": 1, "val": 0, "test": 0}}
    dataset.counts["classes"] = [{"train": 1, "val": 0, "test": 0}, {"train": 0, "val": 0, "test": 0}]
    dataset.root = dataset.folder = str(Path(settings.DATASETS_DIR) / "pets")
    dataset.save()
    (Path(dataset.root) / "cat").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(Path(dataset.root) / image_path)
    (Path(dataset.folder) / "rejects.csv").write_text("path,reason,cure\n")
    image = DatasetImage.objects.create(
        version=dataset, position=0, path=image_path, label=0, split="train", width=8, height=8, format="PNG",
        mode="RGB", size_bytes=80, sha256="0" * 64,
    )  # fmt: skip
    done = make_run(alice, architecture, dataset)
    weight = record_run_weight(done)
    Run.objects.filter(pk=done.pk).update(state=RunState.COMPLETED)
    run = Run.objects.create(owner=alice, name="Second try", recipe="vision.classify", state=RunState.RUNNING)
    artifact = Artifact.objects.create(
        run=run, path="artifacts/table.csv", name="table.csv", media_type="text/csv", size_bytes=4, sha256="0" * 64
    )
    (run_folder(run.id) / "artifacts").mkdir(parents=True)
    (run_folder(run.id) / artifact.path).write_text("a,b\n")
    checkpoint = Checkpoint.objects.create(
        run=run, path="checkpoints/step-00000001", size_bytes=1, sha256="0" * 64, step=1, epoch=0.1
    )
    (run_folder(run.id) / checkpoint.path).mkdir(parents=True)
    (run_folder(run.id) / checkpoint.path / "state.json").write_text("{}")
    job = InferenceJob.objects.create(owner=alice, kind="single", weight_version=weight)
    flips = AugmentationConfig.objects.create(owner=alice, name="Flips", operations=[])
    spare = create_architecture(alice, name="Spare", document=document())
    world.things = {
        "architecture": architecture.architecture, "architecture_version": architecture, "dataset": dataset.dataset,
        "dataset_version": dataset, "image": image, "done": done, "run": run, "artifact": artifact,
        "checkpoint": checkpoint, "weight_version": weight, "job": job, "spare": spare,
        "flips": flips,
    }  # fmt: skip
    run_ids = {"id": run.pk, "run_id": run.pk, "tab": "log"}
    data_ids = {"id": dataset.dataset_id, "dataset_id": dataset.dataset_id, "image_id": image.pk, "number": 1}
    data_ids |= {"version_id": dataset.pk, "tab": "images", "action": "retry"}
    world.ids = {
        "/api/v1/models/": {"id": spare.pk, "number": 1},
        "/architectures/": {"id": spare.pk, "run_id": run.pk},
        "/api/v1/training/": run_ids,
        "/api/v1/training/{id}/checkpoints/": run_ids | {"file_id": checkpoint.pk},
        "/api/v1/training/{id}/artifacts/": run_ids | {"file_id": artifact.pk},
        "/runs/": run_ids | {"file_id": artifact.pk},
        "/api/v1/weights/": {"weight_id": weight.pk, "id": weight.pk, "alias": "production"},
        "/weights/": {"weight_id": weight.pk, "run_id": run.pk},
        "/api/v1/augmentations/": {"id": flips.pk},
        "/datasets/augmentations/": {"id": flips.pk},
        "/api/v1/datasets/": data_ids,
        "/datasets/": data_ids,
        "/api/v1/inference/": {"job_id": job.pk, "id": job.pk, "number": 0, "position": 0},
        "/inference/": {"job_id": job.pk, "id": job.pk},
    }
    for domain in settings.DOMAIN_APPS:
        importlib.import_module(f"{domain}.tests.access").extend(world)
    return world
