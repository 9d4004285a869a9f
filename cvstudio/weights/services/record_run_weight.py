"""Makes a weight version out of what a completed run left."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import IntegrityError, transaction
from django.db.models import Max

from cvstudio.architectures.models import Architecture
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from cvstudio.weights import library
from cvstudio.weights.models import Weight, WeightVersion
from ml_core.weights.errors import WeightFileError
from ml_core.weights.facts import weight_facts
from ml_core.weights.folder import WeightFacts, read_folder


def record_run_weight(
    run: Run, *, began_from: str = "initial_weights", continues: bool = False
) -> WeightVersion | None:
    """Take the weight of a run into the library. Called again for the same run, it returns the same version.

    The next version goes to the weight of the same architecture and data set, so that training again is seen as
    progress of one thing; a first one is named after both.

    Args:
        run: Has its result.
        began_from: Key of the configuration that names the weight folder it stands on.
        continues: Whether the version goes to the weight that it stands on, where that is the same person's.

    Returns:
        The version, or None when the run's result has no weight.

    Raises:
        WeightFileError: The weight folder is damaged or lies outside the run directory.
    """
    described = run.result.get("weight")
    if not described:
        return None
    known = WeightVersion.objects.filter(run=run).first()
    if known is not None:
        return known
    source = _inside(run_folder(run.id), str(described.get("path", "")))
    facts, _ = read_folder(source)
    # The id follows from the run: a crash between the files and the row leaves nothing behind but what the next try
    # finds and uses.
    version_id = uuid5(NAMESPACE_URL, f"run:{run.id}:weight")
    folder = library.put(source, version_id)
    file_facts = weight_facts(source / facts.files[0])
    parent = _parent(run.config.get(began_from))
    try:
        with transaction.atomic():
            weight = (_continued(run, parent) if continues else None) or _weight_for(run, facts)
            return WeightVersion.objects.create(
                id=version_id,
                weight=weight,
                number=next_number(weight),
                source=WeightVersion.Source.RUN,
                folder=folder,
                size_bytes=sum((source / name).stat().st_size for name in facts.tensor_files),
                sha256=file_facts["sha256"],
                classes=facts.classes,
                preprocessing=facts.preprocessing,
                metrics=facts.metrics,
                facts={**file_facts, "parameters": facts.parameters},
                run=run,
                dataset_version=run.dataset_version,
                architecture_version=run.architecture_version,
                parent=parent,
            )
    except IntegrityError:
        return WeightVersion.objects.get(run=run)  # the same end, reported by another process just now


def next_number(weight: Weight) -> int:
    """The number of the next version. Call inside a transaction that holds the weight's row."""
    return (weight.versions.aggregate(last=Max("number"))["last"] or 0) + 1


def _weight_for(run: Run, facts: WeightFacts) -> Weight:
    architecture = run.architecture_version.architecture if run.architecture_version else None
    dataset = run.dataset_version.dataset if run.dataset_version else None
    same: dict[str, Any] = {"owner": run.owner, "task": facts.task, "architecture": architecture, "dataset": dataset}
    if architecture is not None and dataset is not None:
        # Two runs that end at once must not both find nothing and make a weight each.
        Architecture.objects.select_for_update().filter(id=architecture.id).first()
        found = Weight.objects.select_for_update().filter(**same).order_by("created_at").first()
        if found is not None:
            return found
        name = f"{architecture.name} · {dataset.name}"
    else:
        name = run.name
    return Weight.objects.create(name=name[:200], **same)


def _continued(run: Run, parent: WeightVersion | None) -> Weight | None:
    """The weight of the version that a run stands on, locked, where it is the same person's."""
    if parent is None:
        return None
    return Weight.objects.select_for_update().filter(id=parent.weight_id, owner=run.owner).first()


def _parent(named: Any) -> WeightVersion | None:
    """The version that training began from: the one whose folder the configuration names."""
    return library.version_of_folder(Path(named)) if isinstance(named, str) and named else None


def _inside(root: Path, relative: str) -> Path:
    source = (root / relative).resolve()
    if not relative or not source.is_relative_to(root.resolve()):
        raise WeightFileError(
            "The run's weight lies outside its directory.", code="weights.outside_run",
            hint="Train again.", where=relative,
        )  # fmt: skip
    return source
