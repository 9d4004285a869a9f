"""Finding objects in many images: every image is accounted for, also those that cannot be read."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from ml_core.data.manifest import safe_cell
from ml_core.engine.device import cap_threads, choose_device, explain_out_of_memory
from ml_core.errors import CodedError
from ml_core.run.context import RunContext
from ml_core.run.files import to_json, write_json_atomic
from ml_core.vision.detection.coco_results import as_coco
from ml_core.vision.detection.config import PredictBoxesConfig
from ml_core.vision.detection.found import found_on
from ml_core.vision.detection.metrics.judgement import Found
from ml_core.vision.detection.predictor import as_boxes
from ml_core.vision.detection.weight_folder import LoadedDetector, load_detector
from ml_core.vision.sources import Source, decode_ahead, find_sources, open_images

_COLUMNS = ("path", "class", "probability", "left", "top", "right", "bottom", "error")


@dataclass(frozen=True)
class Answer:
    """What was found in an image of ``width`` x ``height``, or why it cannot be read."""

    path: str
    width: int = 0
    height: int = 0
    found: Found | None = None
    error: CodedError | None = None


def predict_images(config: PredictBoxesConfig, run: RunContext) -> dict[str, Any]:
    """Find objects and write ``predictions.csv`` (a row a box), ``.json`` (an entry an image) and ``.coco.json``.

    Raises:
        WeightFileError: The weight folder is incomplete or damaged.
        FormatError: There are no images, or the archive is damaged.
        UnsafeFileError: The archive could do harm.
        RunPaused: Resuming predicts all images again.
        RunStopped: The run ends; nothing is kept.
    """
    cap_threads(config.threads)
    detector = load_detector(Path(config.weight), choose_device(config.device))
    threshold = detector.threshold if config.threshold is None else config.threshold
    with open_images(config, run) as root:
        sources = find_sources(config, root)
        run.log(f"Finding {len(detector.classes)} classes of objects in {len(sources):,} images.")
        with _Tables(run, detector.classes) as tables:
            for number, answer in enumerate(_answers(sources, root, detector, config.batch_size, threshold), start=1):
                tables.write(answer)
                run.progress(number, len(sources), "images", "predicting")
                run.raise_if_requested()
    boxes = sum(tables.counts.values())
    metrics = {"images": len(sources), "failed": tables.failed, "boxes": boxes}
    return {"metrics": metrics, "classes": dict(tables.counts.most_common()), "threshold": threshold}


class _Tables:
    """The three files, written as answers come; COCO's, which begins with its images, at the end."""

    def __init__(self, run: RunContext, classes: list[str]) -> None:
        self._run = run
        self._classes = classes
        self._stack = ExitStack()
        self._coco: tuple[list[tuple[str, int, int]], list[Found]] = ([], [])
        self._rows = 0
        self.counts: Counter[str] = Counter()
        self.failed = 0

    def __enter__(self) -> _Tables:
        self._csv = csv.writer(self._open("predictions.csv"))
        self._csv.writerow(_COLUMNS)
        self._json = self._open("predictions.json")
        self._json.write("[")
        return self

    def _open(self, name: str) -> TextIO:
        # A folder may hold names that are no UTF-8; one such name must not cost the answers for all the others.
        path = self._run.artifact_path(name)
        return self._stack.enter_context(path.open("w", encoding="utf-8", errors="backslashreplace", newline=""))

    def write(self, answer: Answer) -> None:
        """Add the answer about one image."""
        path = safe_cell(answer.path)
        record: dict[str, Any] = {"path": answer.path, "width": answer.width, "height": answer.height, "error": None}
        boxes = as_boxes(answer.found, self._classes) if answer.found is not None else []
        if answer.error is not None:
            self.failed += 1
            record["error"] = answer.error.as_dict()
            self._csv.writerow([path, *[""] * 6, safe_cell(answer.error.message)])
        elif answer.found is not None:
            self._coco[0].append((answer.path, answer.width, answer.height))
            self._coco[1].append(answer.found)
        self.counts.update(entry["class"] for entry in boxes)
        self._csv.writerows(
            [path, safe_cell(entry["class"]), f"{entry['probability']:.5f}", *entry["box"], ""] for entry in boxes
        )
        record["boxes"] = boxes
        self._json.write(("," if self._rows else "") + "\n" + to_json(record))
        self._rows += 1

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._json.write("\n]\n")
        self._stack.close()
        if kind is None:
            path = self._run.artifact_path("predictions.coco.json")
            write_json_atomic(path, as_coco(*self._coco, self._classes))
            for name, media_type in (
                ("csv", "text/csv"),
                ("json", "application/json"),
                ("coco.json", "application/json"),
            ):
                self._run.artifact(self._run.artifact_path(f"predictions.{name}"), media_type)


def _answers(
    sources: list[Source], root: Path, detector: LoadedDetector, batch_size: int, threshold: float
) -> Iterator[Answer]:
    for batch in decode_ahead(sources, lambda source: detector.canvas.place(root / source.path), batch_size):
        pixels = [result[0] for _, result in batch if not isinstance(result, CodedError)]
        rows = iter(_rows(pixels, detector) if pixels else [])
        for source, result in batch:
            if isinstance(result, CodedError):
                yield Answer(source.path, error=result)
            else:
                width, height = result[1]
                found = found_on(detector.canvas, next(rows), width, height)
                yield Answer(source.path, width, height, _probable(found, threshold))


@torch.inference_mode()
def _rows(pixels: list[Tensor], detector: LoadedDetector) -> Any:
    device = next(detector.model.parameters()).device
    with explain_out_of_memory(len(pixels)):
        return detector.model(detector.canvas.normalise(torch.stack(pixels).to(device))).cpu().numpy()


def _probable(found: Found, threshold: float) -> Found:
    kept = found.scores >= threshold
    return Found(found.boxes[kept], found.scores[kept], found.labels[kept])
