"""How weights are shown: where they came from, how they are used from a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cvstudio.weights.models import WeightVersion

MOST_CLASSES = 60


@dataclass(frozen=True)
class Step:
    """One link of the chain that leads to a weight.

    Attributes:
        kind: What it is.
        icon: Name in `static/icons.svg`.
        title: Its name.
        url: Its page; empty when it is not there any more.
        print: Fingerprint of its content.
    """

    kind: str | Promise
    icon: str
    title: str
    url: str = ""
    print: str = ""


def lineage(version: WeightVersion) -> list[Step]:
    """What a version was made from, in order: data, architecture, earlier weights, run."""
    steps = []
    data, graph, run, parent = version.dataset_version, version.architecture_version, version.run, version.parent
    if data is not None:
        url = f"/datasets/{data.dataset_id}?version={data.number}"
        steps.append(Step(_("Data set"), "dataset", f"{data.dataset.name} v{data.number}", url, data.fingerprint))
    if graph is not None:
        url = f"/architectures/{graph.architecture_id}?version={graph.number}"
        title = f"{graph.architecture.name} v{graph.number}"
        steps.append(Step(_("Architecture"), "graph", title, url, graph.fingerprint))
    if parent is not None:
        steps.append(Step(_("Started from"), "weight", str(parent), f"/weights/{parent.id}", parent.sha256))
    if run is not None:
        steps.append(Step(_("Run"), "run", run.name, f"/runs/{run.id}"))
    else:
        steps.append(Step(_("Upload"), "upload", version.created_at.strftime("%Y-%m-%d %H:%M")))
    return steps


#: Where an answer of a task names classes, and the number beside each; a classifier's is the rule.
_ANSWERS = {"vision.detect": ("boxes", "probability"), "vision.segment": ("masks", "share")}


def predict_calls(address: str, version_id: Any, task: str = "") -> dict[str, str]:
    """The same prediction with curl and with Python, ready to paste."""
    url = f"{address}/api/v1/inference/predict-image"
    answers, value = _ANSWERS.get(task, ("top", "probability"))
    parts = (f"curl -sS {url}", '-H "Authorization: Bearer $TOKEN"', f"-F weight={version_id}", "-F image=@photo.jpg")
    curl = " \\\n  ".join(parts)
    python = "\n".join(
        (
            "import os",
            "import requests",
            "",
            'with open("photo.jpg", "rb") as image:',
            "    answer = requests.post(",
            f'        "{url}",',
            '        headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"},',
            f'        data={{"weight": "{version_id}"}},',
            '        files={"image": image},',
            "    )",
            "answer.raise_for_status()",
            f'for entry in answer.json()["{answers}"]:',
            f"    print(f\"{{entry['{value}']:.1%}}  {{entry['class']}}\")",
        )
    )
    return {"curl": curl, "python": python}
