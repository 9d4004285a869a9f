"""Does in this process what a worker does with a run of the data recipes, so that tests need no processes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset, DatasetVersion
from cvstudio.datasets.services.create_dataset import create_from_folder
from cvstudio.runs.folders import run_folder
from cvstudio.runs.hooks import run_completed, run_ended
from cvstudio.runs.models import Run, RunState
from ml_core.data.tests.pictures import encoded, image_folder, picture
from ml_core.errors import CodedError
from ml_core.run.config import parse_config
from ml_core.run.context import RunContext
from ml_core.run.control import Control
from ml_core.run.directory import RunDirectory
from ml_core.run.events import SilentEvents
from ml_core.run.registry import get_recipe


def carry_out(run: Run) -> Run:
    """Run the recipe, then the hooks, and record how it ended."""
    run = Run.objects.get(id=run.id)
    directory = RunDirectory(run_folder(run.id))
    directory.make()
    recipe = get_recipe(run.recipe)
    config = parse_config(recipe.config, run.config)
    directory.seal(recipe.name, config, run.seed, str(run.id))
    try:
        run.result = recipe.function(config, RunContext(directory, SilentEvents(), Control(directory.path)))
        run_completed(run)
        run.state = RunState.COMPLETED
    except CodedError as error:
        run.state, run.cause = RunState.FAILED, error.as_dict()
        run_ended(run)
    run.save()
    return run


def carry_out_all() -> None:
    """Every queued run, and those that they bring about."""
    while run := Run.objects.filter(state=RunState.QUEUED).order_by("created_at").first():
        carry_out(run)


def newest(dataset: Dataset) -> DatasetVersion:
    """The newest version as the database has it."""
    return dataset.versions.select_related("dataset", "import_run", "statistics_run").order_by("-number")[0]


def ready_dataset(owner: User, folder: Path, *, name: str = "", **options: Any) -> Dataset:
    """Register a folder (its parent must be an allowed root) and import it."""
    dataset = create_from_folder(owner, str(folder), name=name, options=options)
    carry_out_all()
    return Dataset.objects.get(id=dataset.id)


def zip_bytes(members: dict[str, bytes]) -> bytes:
    """An archive in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def zipped_classes(classes: dict[str, int], **more: bytes) -> bytes:
    """An archive with some images of each class."""
    members = {
        f"{name}/{number:03d}.png": encoded(picture(seed=hash((name, number)) % 10_000))
        for name, count in classes.items()
        for number in range(count)
    }
    return zip_bytes({**members, **more})


__all__ = ["carry_out", "carry_out_all", "image_folder", "newest", "ready_dataset", "zip_bytes", "zipped_classes"]
