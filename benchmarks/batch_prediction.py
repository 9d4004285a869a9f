"""Images a second that a batch gets through, against the bare batched forward pass of the same network.

    python -m benchmarks.batch_prediction [--images 192] [--rounds 3] [--device cpu] [--threads 1]

*Bare* is the plain network, as training left it, on batches of normalised tensors that are ready in memory. *Batch* is
`vision.predict` (a ResNet-18 at 224 pixels) and `vision.predict_boxes` (FCOS at 320 pixels) on JPEG files of 500 x 375:
reading, decoding, resizing, the network, answers as records on the disk. Both sides run in turns, each in a process of
its own, with the same number of threads for the network. Budget: 90 %.

The ratio by the clock is that of the issue: decoding overlaps with the network where there is a core, or a GPU, for
each. The ratio by processor time says what is left when they share the cores: nothing can overlap then.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run as a file, only its own folder is searched
BUDGET = 0.90
KINDS = ("classifier", "detector")
BATCH_SIZE = 16


def prepare(folder: Path, images: int) -> None:
    """The images, and the weights with random values."""
    from benchmarks.inference import photograph

    (folder / "images").mkdir()
    content = photograph()
    for number in range(images):
        (folder / "images" / f"{number:05d}.jpg").write_bytes(content)
    _write_classifier(folder / "classifier")
    _write_detector(folder / "detector")


def _write_classifier(folder: Path) -> None:
    from safetensors.torch import save_file

    from benchmarks.inference import resnet18
    from ml_core.graph.build import load_model
    from ml_core.weights.folder import MODEL_FILE, WeightFacts, write_facts
    from ml_core.weights.image_input import image_input_of

    folder.mkdir()
    document = resnet18()
    inputs = image_input_of(document, {})
    save_file(load_model(document, folder, pretrained=False).state_dict(), folder / MODEL_FILE)
    classes = [str(index) for index in range(inputs.outputs)]
    facts = WeightFacts(task="vision.classify", classes=classes, graph=document, preprocessing=inputs.preprocessing)
    write_facts(folder, facts)


def _write_detector(folder: Path) -> None:
    from safetensors.torch import save_file

    from ml_core.vision.detection.canvas import Canvas
    from ml_core.vision.detection.config import DetectConfig
    from ml_core.vision.detection.train import build_detector
    from ml_core.weights.folder import MODEL_FILE, WeightFacts, write_facts

    folder.mkdir()
    config = DetectConfig.model_validate({"data": {"version": "v", "root": "r"}, "pretrained": False})
    model, _ = build_detector(config, folder, 3, pretrained=False)
    save_file(model.state_dict(), folder / MODEL_FILE)
    preprocessing = Canvas(256, 320).as_dict()
    write_facts(folder, WeightFacts(task="vision.detect", classes=["a", "b", "c"], preprocessing=preprocessing))


def bare(folder: Path, kind: str, images: int, device_name: str, threads: int) -> dict[str, float]:
    """Images a second of full batches, by the clock and by processor time."""
    import torch

    from ml_core.engine.device import cap_threads, choose_device
    from ml_core.vision.detection.weight_folder import load_detector
    from ml_core.vision.weight_folder import load_classifier

    cap_threads(threads)
    device = choose_device(device_name)
    loaded: Any = (load_classifier if kind == "classifier" else load_detector)(folder / kind, device)
    height, width = (224, 224) if kind == "classifier" else (256, 320)
    batch = torch.randn(BATCH_SIZE, 3, height, width, device=device).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        for _ in range(3):
            loaded.model(batch).cpu()
        began, used = time.perf_counter(), time.process_time()
        for _ in range(images // BATCH_SIZE):
            loaded.model(batch).cpu()
    return {"clock": images / (time.perf_counter() - began), "processor": images / (time.process_time() - used)}


def whole(folder: Path, kind: str, images: int, device: str, threads: int) -> dict[str, float]:
    """Images a second of the recipe, from the first image that is read to the last answer on the disk."""
    from ml_core.run.context import RunContext
    from ml_core.run.control import Control
    from ml_core.run.directory import RunDirectory
    from ml_core.run.events import SilentEvents
    from ml_core.vision.batch.predict import predict_many
    from ml_core.vision.config import PredictConfig
    from ml_core.vision.detection.config import PredictBoxesConfig

    class Watched(RunContext):
        """Notes when which answer was there."""

        def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
            marks.append((done, time.perf_counter(), time.process_time()))

    marks: list[tuple[float, float, float]] = []
    choices = {"weight": str(folder / kind), "root": str(folder / "images"), "device": device, "threads": threads}
    config = (PredictConfig if kind == "classifier" else PredictBoxesConfig)(batch_size=BATCH_SIZE, **choices)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        directory = RunDirectory(Path(out) / "run")
        directory.make()
        predict_many(config, Watched(directory, SilentEvents(), Control(directory.path)))
    (first, clock, used), (last, clock_end, used_end) = marks[3], marks[-1]
    return {"clock": (last - first) / (clock_end - clock), "processor": (last - first) / (used_end - used)}


def in_own_process(side: str, folder: Path, kind: str, options: argparse.Namespace) -> dict[str, float]:
    """One side in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.batch_prediction", "--side", side, str(folder), kind]
    command += ["--images", str(options.images), "--device", options.device, "--threads", str(options.threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Print the ratios; exit 1 when the budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of the network on a CPU")
    parser.add_argument("--side", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side, folder, kind = options.side
        work = bare if side == "bare" else whole
        print(json.dumps(work(Path(folder), kind, options.images, options.device, options.threads)))
        return 0
    kept = True
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as name:
        prepare(Path(name), options.images)
        for kind in KINDS:
            kept &= report(kind, Path(name), options)
    return 0 if kept else 1


def report(kind: str, folder: Path, options: argparse.Namespace) -> bool:
    """Print the numbers of a network; whether the budget is kept by the clock."""
    ratios: dict[str, list[float]] = {"clock": [], "processor": []}
    for _ in range(options.rounds):
        plain = in_own_process("bare", folder, kind, options)
        batch = in_own_process("batch", folder, kind, options)
        for measure, values in ratios.items():
            values.append(batch[measure] / plain[measure])
        print(f"  bare {plain['clock']:7.1f} /s   batch {batch['clock']:7.1f} /s   of processor time "
              f"{plain['processor']:7.1f} and {batch['processor']:7.1f} /s")  # fmt: skip
    clock, processor = (statistics.median(values) for values in ratios.values())
    verdict = "" if clock >= BUDGET else "  MISSED"
    print(f"{kind}: {clock:.2f} of the bare pass by the clock (budget {BUDGET:.2f}), {processor:.2f} by processor "
          f"time{verdict}")  # fmt: skip
    return clock >= BUDGET


if __name__ == "__main__":
    sys.exit(main())
