"""Reads of the library that several callers need."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from cvstudio.weights.models import AliasMove, WeightVersion

#: A tree is one page; beyond this many versions the list with its filters serves better.
TREE_LIMIT = 2_000
MOST_MOVES = 100


def versions_for(user: Any) -> QuerySet[WeightVersion]:
    """Versions that the user may see with what lists show, in two queries."""
    return (
        WeightVersion.objects.visible_to(user)
        .select_related(
            "weight__owner",
            "weight__architecture",
            "weight__dataset",
            "run",
            "dataset_version__dataset",
            "architecture_version__architecture",
            "parent__weight",
        )
        .defer("run__config", "run__result", "run__preflight", "dataset_version__statistics",
               "dataset_version__evidence", "architecture_version__document")
        .prefetch_related("aliases")
        .order_by("-created_at", "-id")
    )  # fmt: skip


@dataclass
class WeightBranch:
    """A weight in the tree, with its versions, newest first."""

    id: UUID
    name: str
    task: str
    versions: list[WeightVersion]


@dataclass
class DatasetBranch:
    """The weights trained on one data set of images; None stands for uploads and for other data."""

    id: UUID | None
    name: str
    weights: list[WeightBranch] = field(default_factory=list)

    @property
    def is_brought(self) -> bool:
        """Whether nothing here was trained in this studio."""
        sources = (version.source for weight in self.weights for version in weight.versions)
        return all(source == WeightVersion.Source.UPLOAD for source in sources)


@dataclass
class ArchitectureBranch:
    """The weights of one architecture; None stands for those without one."""

    id: UUID | None
    name: str
    datasets: list[DatasetBranch] = field(default_factory=list)


@dataclass
class Tree:
    """Architecture, data set, weight, versions. ``truncated`` says that older versions are left out."""

    architectures: list[ArchitectureBranch]
    versions: int
    truncated: bool


def siblings_of(version: WeightVersion) -> QuerySet[WeightVersion]:
    """All versions of the same weight, newest first. Two queries."""
    rows = version.weight.versions.defer("facts", "classes", "preprocessing").select_related("run")
    return rows.prefetch_related("aliases").order_by("-number")


def alias_moves_of(version: WeightVersion) -> QuerySet[AliasMove]:
    """The latest moves of the aliases of its weight, newest first. One query."""
    return version.weight.alias_moves.select_related("user")[:MOST_MOVES]


def children_of(version: WeightVersion, user: Any) -> QuerySet[WeightVersion]:
    """Versions whose training started from this one, as far as the person may see them. One query."""
    return WeightVersion.objects.visible_to(user).filter(parent=version).select_related("weight")[:20]


def weight_tree(user: Any, text: str = "") -> Tree:
    """The weights of a user as a tree, or those whose name has the text. Two queries, whatever their number."""
    found = versions_for(user).filter(weight__name__icontains=text) if text else versions_for(user)
    rows = list(found[: TREE_LIMIT + 1])
    versions = rows[:TREE_LIMIT]
    versions.sort(key=_place)
    architectures: list[ArchitectureBranch] = []
    for (architecture_id, name), group in groupby(versions, key=_architecture):
        branch = ArchitectureBranch(architecture_id, name)
        for (dataset_id, dataset_name), inner in groupby(group, key=_dataset):
            leaf = DatasetBranch(dataset_id, dataset_name)
            for _, members in groupby(inner, key=lambda version: version.weight_id):
                versions_of_one = list(members)
                weight = versions_of_one[0].weight
                leaf.weights.append(WeightBranch(weight.id, weight.name, weight.task, versions_of_one))
            branch.datasets.append(leaf)
        architectures.append(branch)
    return Tree(architectures, len(versions), truncated=len(rows) > TREE_LIMIT)


def _architecture(version: WeightVersion) -> tuple[UUID | None, str]:
    found = version.weight.architecture
    return (found.id, found.name) if found else (None, "")


def _dataset(version: WeightVersion) -> tuple[UUID | None, str]:
    found = version.weight.dataset
    return (found.id, found.name) if found else (None, "")


def _place(version: WeightVersion) -> tuple[Any, ...]:
    """Sorts by names, then ids so that namesakes stay apart; what has no name comes last."""
    architecture_id, architecture = _architecture(version)
    dataset_id, dataset = _dataset(version)
    return (
        architecture_id is None, architecture.lower(), str(architecture_id),
        dataset_id is None, dataset.lower(), str(dataset_id),
        version.weight.name.lower(), str(version.weight_id), -version.number,
    )  # fmt: skip
