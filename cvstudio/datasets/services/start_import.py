"""Put the import of a version into the queue."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.storage import images_folder, version_folder
from cvstudio.runs.services.create_run import create_run
from ml_core.data.recipes import ImportConfig

#: What a person may choose; everything else of the recipe's configuration is decided by the server.
CHOICES = ("use_given_splits", "val", "test", "seed", "accept_rejects", "format", "task", "labels")
#: What a person may write a format's name for; the empty one is recognised.
FORMATS = ("", "classification", "coco", "voc", "yolo")
#: Without a word from anybody, the files decide whether images have classes or boxes.
TASK = "auto"


def add_version(dataset: Dataset, *, source: str, options: dict[str, Any]) -> DatasetVersion:
    """Make the next version of a data set and start its import.

    Args:
        dataset: The data set, locked or new.
        source: Archive or folder on this machine; empty for a sample. Never a client's text.
        options: Values for `CHOICES`.

    Raises:
        ConfigError: An option is unknown or out of bounds.
        QuotaError: Too many runs of this person wait already.
    """
    with transaction.atomic():
        last = dataset.versions.order_by("-number").first()
        number = last.number + 1 if last else 1
        version = DatasetVersion.objects.create(
            dataset=dataset,
            number=number,
            source=source,
            folder=str(version_folder(dataset.id, number)),
            options=options,
        )
        start_import(version)
    return version


def start_import(version: DatasetVersion) -> None:
    """Create the run that imports a version, or imports it once more after a failure."""
    dataset = version.dataset
    config = {
        "task": TASK,
        **version.options,
        "source": version.source,
        "sample": "digits" if dataset.source == Dataset.Source.SAMPLE and not version.source else "",
        "images": str(images_folder(dataset.id, version.number)),
        "version": version.folder,
    }
    with transaction.atomic():
        name = f"Import {dataset.name} v{version.number}"[:200]
        version.import_run = create_run(owner=dataset.owner, recipe="data.import", config=config, name=name)
        version.state, version.fault = DatasetVersion.State.IMPORTING, {}
        version.save(update_fields=["import_run", "state", "fault", "options"])


def known_options() -> dict[str, Any]:
    """The part of the recipe's JSON schema that a form may show."""
    schema = ImportConfig.model_json_schema()
    schema["properties"] = {name: schema["properties"][name] for name in CHOICES}
    schema["properties"]["task"]["default"] = TASK
    schema["properties"]["format"]["enum"] = list(FORMATS)
    schema["required"] = []
    return schema
