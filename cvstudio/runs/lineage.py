"""Where a run comes from and what came of it, as links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cvstudio.runs.models import Run


@dataclass(frozen=True)
class Kin:
    """One thing related to a run.

    Attributes:
        kind: What it is.
        icon: Name in `static/icons.svg`.
        title: Its name.
        url: Its page.
        note: What tells it from its namesakes.
        fingerprint: Identity of its content, where it has one.
    """

    kind: str | Promise
    icon: str
    title: str
    url: str
    note: str = ""
    fingerprint: str = ""


def lineage_of(run: Run, user: Any) -> dict[str, list[Kin]]:
    """Return what the run used (``before``) and what was made from it (``after``), as far as `user` may see it."""
    before, after = [], []
    data, graph = run.dataset_version, run.architecture_version
    if data:
        title = f"{data.dataset.name} v{data.number}"
        before.append(Kin(_("Data set"), "dataset", title, f"/datasets/{data.dataset_id}", "", data.fingerprint))
    if graph:
        title, url = f"{graph.architecture.name} v{graph.number}", f"/architectures/{graph.architecture_id}"
        before.append(Kin(_("Architecture"), "graph", title, url, "", graph.fingerprint))
    if run.parent:
        before.append(Kin(_("Cloned from"), "run", run.parent.name, f"/runs/{run.parent_id}", run.parent.state))
    for version in run.weights.select_related("weight").order_by("number"):
        title, url = f"{version.weight.name} v{version.number}", f"/weights/{version.id}"
        after.append(Kin(_("Weight"), "weight", title, url, "", version.sha256))
    for clone in Run.objects.visible_to(user).filter(parent=run).order_by("created_at")[:50]:
        after.append(Kin(_("Clone"), "run", clone.name, f"/runs/{clone.id}", clone.state))
    return {"before": before, "after": after}
