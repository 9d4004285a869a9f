"""Tells the library of weights which maps and chains stand on a version, and where one is used."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from cvstudio.runs.states import ENDED
from cvstudio.weights.dependants import Dependant, Kind, register_dependants
from cvstudio.weights.models import WeightVersion
from cvstudio.weights.uses import register_use
from hsi.models import AnomalyMap, Pipeline
from hsi.services.delete_map import delete_map


def _find(version: WeightVersion) -> Iterator[Dependant]:
    for row in AnomalyMap.objects.filter(detector=version).select_related("run"):
        is_active = row.run is not None and row.run.state not in ENDED
        yield Dependant("Anomaly map", row.name, f"/hsi/maps/{row.id}", active=is_active)
    runs = ("tokenizer_run", "pretrain_run", "anomaly_run")
    chains = Pipeline.objects.filter(Q(tokenizer=version) | Q(encoder=version)).select_related(*runs)
    for chain in chains:
        if any(run is not None and run.state not in ENDED for run in (getattr(chain, name) for name in runs)):
            yield Dependant("Chain", chain.name, f"/hsi/pipelines/{chain.id}", active=True)


def _remove(version: WeightVersion) -> int:
    rows = list(AnomalyMap.objects.filter(detector=version).select_related("run"))
    for row in rows:
        delete_map(row)
    return len(rows)


def register() -> None:
    """Add maps and chains to what a deletion looks at, and the pages to what the library links to."""
    register_dependants("hsi", Kind(_find, _remove))
    register_use("hsi.tokenizer", "/hsi/pipelines/new?tokenizer=")
    register_use("hsi.pretrain", "/hsi/pipelines/new?encoder=")
    register_use("hsi.anomaly", "/hsi/detect?detector=")
