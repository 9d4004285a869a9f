"""``vision.export``: the formats, the proof, and what whoever receives them needs, in one zip."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
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
from ml_core.vision.export.config import ExportConfig
from ml_core.vision.export.formats import FORMATS, export_to
from ml_core.vision.export.module import INPUT, OUTPUT, WithPreprocessing
from ml_core.vision.export.parity import Parity, compare
from ml_core.vision.preparation import Resizer
from ml_core.vision.weight_folder import Classifier, load_classifier

SCRIPT = Path(__file__).parent / "predict.py.txt"
_NOISE_SEED = 1


def run_export(config: ExportConfig, run: RunContext) -> dict[str, Any]:
    """Leave ``export.zip`` and ``parity.json``.

    Raises:
        WeightFileError: The weight folder is incomplete or damaged, or no classifier.
        ExportError: No format can express the network.
        ConfigError: Images were asked for without their folder.
    """
    cap_threads(config.threads)
    classifier = load_classifier(Path(config.weight), torch.device("cpu"))
    module = WithPreprocessing(classifier).to(memory_format=torch.contiguous_format).eval()
    pixels, kind = _images(config, classifier, run)
    found: dict[str, Any] = {}
    for name in config.formats:
        run.progress(len(found), len(config.formats), "formats", name)
        run.raise_if_requested()
        found[name] = _export(name, module, pixels, run)
    written = [name for name, facts in found.items() if "file" in facts]
    if not written:
        error = next(iter(found.values()))["error"]
        raise CodedError(error["message"], code=error["code"], hint=error["hint"], where=error["where"])
    report = {"formats": found, "compared_on": kind, "images": len(pixels), "versions": _versions()}
    parity_path = run.artifact_path("parity.json")
    parity_path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    run.artifact(parity_path)
    run.artifact(_zip(run, classifier, written, report))
    run.progress(len(found), len(config.formats), "formats", "written")
    metrics = {f"{name}_largest_difference": found[name]["largest_difference"] for name in written}
    return {"metrics": metrics, "verdict": " ".join(facts["verdict"] for facts in found.values())}


def _export(name: str, module: WithPreprocessing, pixels: Tensor, run: RunContext) -> dict[str, Any]:
    path = run.artifact_path(f"export/{FORMATS[name].file}")
    example = pixels[torch.arange(2) % len(pixels)]
    try:
        export_to(name, module, example, path)
    except CodedError as error:
        run.log(f"{error.message} {error.hint}", "warning")
        return {"error": error.as_dict(), "verdict": f"{name}: {error.message}"}

    def itself(batch: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            answer: NDArray[np.float32] = module(batch).numpy()
            return answer

    parity = compare(itself, FORMATS[name].load(path), pixels, path.stat().st_size)
    words = _verdict(name, parity)
    run.log(words, "info" if parity.is_proved else "warning")
    return {"file": path.name, **asdict(parity), "is_proved": parity.is_proved, "verdict": words}


def _verdict(name: str, parity: Parity) -> str:
    begin = "answers the same" if parity.is_proved else "does NOT answer the same"
    return (
        f"{name} {begin}: on {parity.images} images {parity.same_class:.1%} have the same class, probabilities differ "
        f"by at most {parity.largest_difference:.1e}; {parity.ms_an_image:.1f} ms an image against "
        f"{parity.ms_an_image_before:.1f} ms."
    )


def _images(config: ExportConfig, classifier: Classifier, run: RunContext) -> tuple[Tensor, str]:
    """Pixels to compare on, and what they are: images of the data set, those held out first, or noise."""
    preparation = classifier.preparation
    if config.version is None:
        run.log("The formats are compared on noise: the weight names no data set, or it is gone.", "warning")
        generator = torch.Generator().manual_seed(_NOISE_SEED)
        shape = (config.images, preparation.channels, *preparation.size)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator), "noise"
    if config.root is None:
        raise ConfigError("Images need the folder that holds them.", hint="Set root beside version.", where="root")
    resizer, found = Resizer(preparation), []
    for path in _held_out_first(Path(config.version)):
        try:
            found.append(resizer(Path(config.root) / path))
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


def _zip(run: RunContext, classifier: Classifier, written: list[str], report: dict[str, Any]) -> Path:
    """What is sent away: the formats with classes, preprocessing, the proof and a program that needs no torch."""
    preparation = classifier.preparation
    contract = {
        "input": {"name": INPUT, "type": "uint8", "shape": ["batch", preparation.channels, *preparation.size]},
        "output": {"name": OUTPUT, "type": "float32", "shape": ["batch", len(classifier.classes)]},
        "classes": classifier.classes,
        "preprocessing": preparation.as_dict(),
        "inside_the_network": ["scale to 0..1", "subtract mean", "divide by std", "softmax"],
        "outside_the_network": ["decode", "turn upright by EXIF", "convert to mode", "resize", "crop"],
    }  # fmt: skip
    path = run.artifact_path("export.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in written:
            file = FORMATS[name].file
            archive.write(run.artifact_path(f"export/{file}"), file)
        archive.writestr("preprocessing.json", json.dumps(contract, indent=1, ensure_ascii=False))
        archive.writestr("parity.json", json.dumps(report, indent=1))
        if "onnx" in written:
            archive.write(SCRIPT, "predict.py")
            archive.writestr("requirements.txt", "numpy\nonnxruntime\nPillow\n")
    return path


def _versions() -> dict[str, str]:
    return {name: version_of(name) for name in ("torch", "onnx", "onnxruntime")}
