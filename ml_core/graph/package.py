"""The exported package: model, training and prediction scripts that need nothing of ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from ml_core.data.augment import augment_source
from ml_core.graph.analysis import Analysis, analyze
from ml_core.graph.codegen import model_code, plain, render
from ml_core.graph.detector_package import detector_package
from ml_core.graph.detectors import drawn_head
from ml_core.graph.document import fingerprint, sound
from ml_core.graph.scripts import checked, fit_settings, requirements, train_script
from ml_core.graph.settings import (
    PackageSettings,
    class_names,
    is_image_classifier,
    preprocessing_for,
    read_settings,
)


class ListedImage(Protocol):
    """What a manifest tells about an image."""

    @property
    def path(self) -> str: ...
    @property
    def label(self) -> int: ...
    @property
    def split(self) -> str: ...


def generate(document: object, settings: Mapping[str, Any] | PackageSettings | None = None) -> dict[str, str]:
    """Write the package of a graph: file names and their text.

    ``train.py`` and ``predict.py`` are part of it when the graph is an image classifier (one input of 1 or 3 channels,
    an output of one value per class) or a detector (an image in colour, an output of boxes).

    Args:
        document: The graph.
        settings: The keys of a training's configuration (seed, input, augment, label_smoothing, fit), ``classes``,
            and ``facts`` to keep in ``config.json``.

    Raises:
        GraphError: The graph has faults, or its output does not fit the classes.
        ConfigError: A setting is unknown or out of bounds.
    """
    chosen = read_settings(settings)
    code = model_code(document)
    analysis = analyze(document)
    head = drawn_head(document)
    if head is not None and len(head.image) == 3 and head.image[0] == 3:
        size = (head.image[1], head.image[2])
        names = chosen.classes or [f"class {label}" for label in range(head.classes)]
        return detector_package(code.text, sound(document).name, fingerprint(document), names, size, chosen)
    files = {"model.py": code.text}
    config: dict[str, Any] = {"name": sound(document).name, "graph": fingerprint(document)}
    is_classifier = is_image_classifier(analysis)
    if is_classifier:
        config |= _training_config(analysis, chosen)
        files["train.py"] = _train_script(config, chosen, code.has_weights)
        files["predict.py"] = checked(render("predict.py.j2", has_weights=code.has_weights))
    config |= {"facts": chosen.facts} if chosen.facts else {}
    files["config.json"] = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    files["requirements.txt"] = requirements()
    files["README.md"] = _readme(config, analysis, is_classifier, code.has_weights)
    return files


def manifest_csv(items: Iterable[ListedImage]) -> str:
    """``manifest.csv`` for ``train.py``: the same images in the same order, so that the same seed draws the same.

    A path that a spreadsheet would run as a formula gets ``./`` in front, which names the same file.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("path", "label", "split"))
    for item in items:
        path = f"./{item.path}" if item.path.startswith(("=", "+", "-", "@", "\t", "\r")) else item.path
        rows.writerow((path, item.label, item.split))
    return text.getvalue()


def _training_config(analysis: Analysis, settings: PackageSettings) -> dict[str, Any]:
    return {
        "classes": class_names(analysis, settings),
        "preprocessing": preprocessing_for(analysis, settings.input).as_dict(),
        "seed": settings.seed,
        "label_smoothing": settings.label_smoothing,
        "fit": fit_settings(settings.fit),
    }


def _train_script(config: dict[str, Any], settings: PackageSettings, has_weights: bool) -> str:
    height, width = config["preprocessing"]["size"]
    resize = config["preprocessing"]["resize"]
    return train_script(
        "classes",
        settings.fit,
        mode=config["preprocessing"]["mode"],
        has_weights=has_weights,
        smoothing=', label_smoothing=config["label_smoothing"]' if settings.label_smoothing else "",
        prepare=augment_source([], (height, width), resize=resize),
        augment=augment_source(settings.augment, (height, width), resize=resize) if settings.augment else "",
    )


def _readme(config: dict[str, Any], analysis: Analysis, is_classifier: bool, has_weights: bool) -> str:
    classes = config.get("classes", [])
    sentence = f"A network for {len(classes)} classes of images." if is_classifier else "A network drawn as a graph."
    inputs = [f"({', '.join(map(str, shape))})" for shape in analysis.input_shapes.values()]
    names = list(analysis.input_shapes) if len(inputs) > 1 else ["x"]
    dtypes = {edge.source: edge.dtype for edge in analysis.edges}
    examples = [
        f"torch.{'randn' if dtypes.get(node) == 'float32' else 'ones'}(1, {', '.join(map(str, shape[1:]))}"
        + (")" if dtypes.get(node) == "float32" else ", dtype=torch.int64)")
        for node, shape in analysis.input_shapes.items()
    ]
    return render(
        "README.md.j2",
        title=plain(config["name"]) or "Model",
        sentence=sentence,
        inputs=" and ".join(inputs),
        output=f"({', '.join(map(str, analysis.output_shape or []))})",
        parameters=f"{analysis.totals.params:,}",
        macs=f"{analysis.totals.macs:,}",
        is_classifier=is_classifier,
        has_weights=has_weights,
        arguments=list(zip(names, examples, strict=True)),
        fingerprint=config["graph"],
    )
