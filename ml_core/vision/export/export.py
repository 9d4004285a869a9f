"""``vision.export``: the formats, the proof, and what whoever receives them needs, in one zip."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.data.manifest import read_items
from ml_core.engine.device import cap_threads
from ml_core.errors import CodedError, ConfigError
from ml_core.run.context import RunContext
from ml_core.vision.export.classifier import ExportedClassifier
from ml_core.vision.export.config import ExportConfig
from ml_core.vision.export.detector import ExportedDetector
from ml_core.vision.export.formats import FORMATS, export_to
from ml_core.vision.export.segmenter import ExportedSegmenter
from ml_core.vision.export.subject import Subject
from ml_core.weights.errors import WeightFileError
from ml_core.weights.folder import read_facts

SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "vision.classify": ExportedClassifier,
    "vision.detect": ExportedDetector,
    "vision.segment": ExportedSegmenter,
}
_NOISE_SEED = 1


def run_export(config: ExportConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``export.zip`` and ``parity.json``.

    Raises:
        WeightFileError: The weight folder is incomplete or damaged, or of a kind that is not exported.
        ExportError: No format can express the network.
        ConfigError: Images were asked for without their folder.
    """
    cap_threads(config.threads)
    subject = _subject(Path(config.weight))
    subject.module.to(memory_format=torch.contiguous_format).eval()
    pixels, kind = _images(config, subject, run)
    found: dict[str, Any] = {}
    for name in config.formats:
        run.progress(len(found), len(config.formats), "formats", name)
        run.raise_if_requested()
        found[name] = _export(name, subject, pixels, run)
    written = [name for name, facts in found.items() if "file" in facts]
    if not written:
        error = next(iter(found.values()))["error"]
        raise CodedError(error["message"], code=error["code"], hint=error["hint"], where=error["where"])
    report = {"formats": found, "compared_on": kind, "images": len(pixels), "versions": _versions()}
    parity_path = run.artifact_path("parity.json")
    parity_path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    run.artifact(parity_path)
    run.artifact(_zip(run, subject, written, report))
    run.progress(len(found), len(config.formats), "formats", "written")
    metrics = {f"{name}_largest_difference": found[name]["largest_difference"] for name in written}
    verdict = " ".join(facts["verdict"] for facts in found.values())
    return {"metrics": metrics, "verdict": verdict, "formats": found}


def _subject(folder: Path) -> Subject:
    """The network of a weight folder.

    Raises:
        WeightFileError: The folder is incomplete or damaged, or of a kind that is not exported.
    """
    task = read_facts(folder).task
    if task not in SUBJECTS:
        raise WeightFileError(
            f"Weights of {task} cannot be written in other formats.",
            hint="Choose weights of a classifier, a detector or a segmentation.",
            where="task",
        )
    return SUBJECTS[task](folder)


def _export(name: str, subject: Subject, pixels: Tensor, run: RunContext) -> dict[str, Any]:
    path = run.artifact_path(f"export/{FORMATS[name].file}")
    example = pixels[torch.arange(2) % len(pixels)]
    try:
        export_to(name, subject.module, example, path)
    except CodedError as error:
        run.log(f"{error.message} {error.hint}", "warning")
        return {"error": error.as_dict(), "verdict": f"{name}: {error.message}"}

    def itself(batch: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            answer: NDArray[np.float32] = subject.module(batch).numpy()
            return answer

    parity = subject.compare(itself, FORMATS[name].load(path), pixels, path.stat().st_size)
    words = parity.verdict(name)
    run.log(words, "info" if parity.is_proved else "warning")
    return {"file": path.name, **asdict(parity), "is_proved": parity.is_proved, "verdict": words}


def _images(config: ExportConfig, subject: Subject, run: RunContext) -> tuple[Tensor, str]:
    """Pixels to compare on, and what they are: images of the data set, those held out first, or noise."""
    if config.version is None:
        run.log("The formats are compared on noise: the weight names no data set, or it is gone.", "warning")
        generator = torch.Generator().manual_seed(_NOISE_SEED)
        return torch.randint(0, 256, (config.images, *subject.shape), dtype=torch.uint8, generator=generator), "noise"
    if config.root is None:
        raise ConfigError("Images need the folder that holds them.", hint="Set root beside version.", where="root")
    found: list[Tensor] = []
    for path in _held_out_first(Path(config.version)):
        try:
            found.append(subject.read(Path(config.root) / path))
        except CodedError as error:
            run.log(f"{path} is left out: {error.message}", "warning")
        if len(found) == config.images:
            break
    if not found:
        raise ConfigError("No image of the data set can be read.", hint="Check its folder.", where="root")
    return torch.stack(found), "images of the data set"


def _held_out_first(version: Path) -> Iterator[str]:
    items = list(read_items(version))
    for split in ("test", "val", "train"):
        yield from (item.path for item in items if item.split == split)


def _zip(run: RunContext, subject: Subject, written: list[str], report: dict[str, Any]) -> Path:
    """What is sent away: the formats with classes, preprocessing, the proof and a program that needs no torch."""
    path = run.artifact_path("export.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in written:
            file = FORMATS[name].file
            archive.write(run.artifact_path(f"export/{file}"), file)
        archive.writestr("preprocessing.json", json.dumps(subject.told(), indent=1, ensure_ascii=False))
        archive.writestr("parity.json", json.dumps(report, indent=1))
        if "onnx" in written:
            archive.write(subject.script, "predict.py")
            archive.writestr("requirements.txt", "numpy\nonnxruntime\nPillow\n")
    return path


def _versions() -> dict[str, str]:
    return {name: version_of(name) for name in ("torch", "onnx", "onnxruntime")}
