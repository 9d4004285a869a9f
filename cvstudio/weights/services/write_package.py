"""The stand-alone package of a version: programs that predict and train with it and import nothing of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cvstudio.weights import library
from cvstudio.weights.errors import WeightError
from cvstudio.weights.models import WeightVersion
from ml_core.data.manifest import read_items
from ml_core.graph import generate
from ml_core.graph.package import manifest_csv
from ml_core.vision.detection.package import list_boxes, weight_package
from ml_core.weights.folder import FACTS_FILE, WeightFacts, read_facts

#: What a training's configuration shares with the settings of a package.
_SHARED: Final = ("seed", "augment", "label_smoothing", "mosaic", "fit")
CLASSIFY: Final = "vision.classify"
DETECT: Final = "vision.detect"


def package_texts(version: WeightVersion) -> dict[str, str]:
    """The package's text files; ``model.safetensors`` belongs beside them.

    Weights that a run made bring the settings and the list of images of that run, so that ``train.py`` does the same
    training again.

    Raises:
        WeightError: The weight has no graph, so there is nothing to write code from.
    """
    facts = read_facts(library.folder_of(version))
    if facts.graph is None:
        raise WeightError(
            "This weight has no graph, so no package can be written for it.", code="weights.no_graph",
            hint="Download the folder instead.",
        )  # fmt: skip
    if facts.task == CLASSIFY:
        given = {key: facts.preprocessing[key] for key in ("resize", "mean", "std") if key in facts.preprocessing}
        settings = {**_settings(version, facts), "classes": facts.classes, "input": given}
        texts = generate(facts.graph, settings) | _listed(version, "manifest.csv", _manifest)
    elif facts.task == DETECT:
        folder = library.folder_of(version)
        texts = weight_package(folder, facts, _settings(version, facts)) | _listed(version, "boxes.csv", list_boxes)
    else:
        raise WeightError(
            f"No package can be written for weights of {facts.task}.", code="weights.no_package",
            hint="Download the folder instead.",
        )  # fmt: skip
    texts[FACTS_FILE] = json.dumps(facts.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    return texts


def _settings(version: WeightVersion, facts: WeightFacts) -> dict[str, Any]:
    config = version.run.config if version.run else {}
    return {
        "facts": {"weight": str(version.id), "sha256": version.sha256, "dataset": facts.dataset_fingerprint},
        **{key: config[key] for key in _SHARED if key in config},
    }


def _listed(version: WeightVersion, name: str, write: Callable[[Path], str]) -> dict[str, str]:
    """The images that it was trained on, in the order of training."""
    data = version.dataset_version
    if version.run is None or data is None or not Path(data.folder, "items.jsonl").is_file():
        return {}
    return {name: write(Path(data.folder))}


def _manifest(folder: Path) -> str:
    return manifest_csv(read_items(folder))
