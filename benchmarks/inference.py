"""Predictions over the API against the bare forward pass of the same model, on this machine.

    python -m benchmarks.inference [--seconds 6] [--rounds 3] [--clients 16]

A whole studio is started in a temporary folder. Requests come from a process of their own, as multipart uploads of a
photograph-sized JPEG over HTTP with a token. Bare passes run in a process of their own as well, in turns with the
requests, so that a machine that slows down slows both. Budgets: one request alone <= bare pass + 15 ms at the median;
concurrent requests >= 80 % of the images that bare passes of full batches get through. A network so small that a
request's HTTP costs more than its arithmetic cannot reach the second, so it is printed for it without a verdict.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run as a file, only its own folder is searched
LATENCY_BUDGET_MS = 15.0
THROUGHPUT_BUDGET = 0.80


def small_cnn() -> dict[str, Any]:
    """A starter network for small pictures."""
    from ml_core.graph import templates

    return next(entry["document"] for entry in templates() if entry["name"] == "small_resnet")


def resnet18() -> dict[str, Any]:
    """ResNet-18 at 224 x 224."""
    from ml_core.graph import templates

    document = next(entry["document"] for entry in templates() if entry["name"] == "finetune_resnet18")
    text = json.dumps(document).replace("[3, 64, 64]", "[3, 224, 224]")
    return dict(json.loads(text))


MODELS = {"small_resnet": (small_cnn, False), "resnet18 at 224": (resnet18, True)}


def photograph() -> bytes:
    """A JPEG of 500 x 375 with the detail of a photograph."""
    numbers = np.random.default_rng(0)
    coarse = Image.fromarray(numbers.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize(
        (500, 375), Image.Resampling.BICUBIC
    )
    pixels = np.asarray(coarse).astype(np.int16) + numbers.integers(-12, 12, (375, 500, 3))
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


# --- Bare passes, in a process of their own --------------------------------------------------------


def bare(folder: Path, seconds: float) -> dict[str, float]:
    """Median of one image alone in ms, and images per second in full batches. The plain model, ready tensors."""
    from cvstudio.inference.limits import Limits
    from cvstudio.inference.serving.loaded_model import prepare_torch

    engine = prepare_torch(Limits())  # first: it chooses how torch's threads wait, for both sides alike
    import torch

    from ml_core.vision.preparation import Resizer
    from ml_core.vision.weight_folder import load_classifier

    classifier = load_classifier(folder, torch.device(engine.device))
    pixels = Resizer(classifier.preparation)(photograph())[None].to(engine.device)
    one = classifier.preparation.normalise(pixels)
    full = one.repeat(engine.max_batch, 1, 1, 1)

    def timed(batch: torch.Tensor) -> float:
        began = time.perf_counter()
        classifier.model(batch).cpu()
        return time.perf_counter() - began

    with torch.inference_mode():
        for batch in (one, full):
            timed(batch)
        times = until(seconds / 2, lambda: timed(one))
        passes = until(seconds / 2, lambda: timed(full))
    return {"p50_ms": statistics.median(times) * 1000, "per_s": engine.max_batch * len(passes) / sum(passes)}


def until(seconds: float, work: Callable[[], float]) -> list[float]:
    """What the work returns, again and again until the time is over."""
    end, values = time.perf_counter() + seconds, []
    while time.perf_counter() < end:
        values.append(work())
    return values


# --- Requests, in a process of their own -----------------------------------------------------------


class Client:
    """One connection that asks for predictions of the same picture."""

    def __init__(self, port: int, token: str, weight: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        mark = "-----------------bench"
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="weight"\r\n\r\n{weight}\r\n--{mark}\r\n'
            f'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        self.body = head.encode() + photograph() + f"\r\n--{mark}--\r\n".encode()
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": f"multipart/form-data; boundary={mark}"}

    def ask(self) -> dict[str, Any]:
        """One prediction."""
        self.connection.request("POST", "/api/v1/inference/predict-image", self.body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content[:300].decode()}")
        return dict(json.loads(content))


def requests(port: int, token: str, weight: str, seconds: float, clients: int) -> dict[str, Any]:
    """Median of requests one after another, then answers per second of many clients at once."""
    first = Client(port, token, weight)
    for _ in range(5):
        first.ask()
    times, parts = [], []
    end = time.perf_counter() + seconds / 2
    while time.perf_counter() < end:
        began = time.perf_counter()
        parts.append(first.ask()["timing_ms"])
        times.append(time.perf_counter() - began)
    counts: list[int] = []
    batches: list[int] = []
    start = threading.Barrier(clients + 1)

    def ask_on() -> None:
        client, count = Client(port, token, weight), 0
        client.ask()
        start.wait()
        stop = time.perf_counter() + seconds / 2
        while time.perf_counter() < stop:
            batches.append(client.ask()["batch"])
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=ask_on) for _ in range(clients)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    return {
        "p50_ms": statistics.median(times) * 1000,
        "parts": {name: statistics.median(part[name] for part in parts) for name in parts[0]},
        "per_s": sum(counts) / elapsed,
        "batch": statistics.mean(batches),
    }


# --- The studio --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Served:
    """A weight in the library."""

    id: str
    folder: Path


class Studio:
    """A whole studio in a folder, with a person and weights in it."""

    def __init__(self, folder: Path) -> None:
        os.environ.update(
            CVSTUDIO_ENV="dev", CVSTUDIO_ENV_FILE="none", SECRET_KEY="bench-" + "x" * 60, LOG_LEVEL="WARNING",
            DATA_DIR=str(folder / "data"), DATABASE_URL=f"sqlite:///{folder / 'studio.db'}", PYTHONUNBUFFERED="1",
            DJANGO_SETTINGS_MODULE="cvstudio.config.settings",
        )  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "runserver", "127.0.0.1:0", "--no-demo"],
            stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        served = next(line for line in self.process.stdout if line.startswith("CV Studio serves"))
        self.port = int(served.split()[3].rsplit(":", 1)[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        import django

        django.setup()

    def prepare(self) -> tuple[str, dict[str, Served]]:
        """A token, and one weight for each model."""
        from cvstudio.accounts.models import User
        from cvstudio.accounts.services.issue_tokens import issue_tokens

        user = User.objects.create_user("bench", "bench@example.org", "bench bench bench")
        return issue_tokens(user).access, {name: self._serve(user, make()) for name, (make, _) in MODELS.items()}

    def _serve(self, user: Any, document: dict[str, Any]) -> Served:
        from safetensors.torch import save_file

        from cvstudio.weights import library
        from cvstudio.weights.models import Weight, WeightVersion
        from ml_core.graph.build import load_model
        from ml_core.weights.folder import MODEL_FILE, WeightFacts, write_facts
        from ml_core.weights.image_input import image_input_of

        inputs = image_input_of(document, {})
        weight = Weight.objects.create(owner=user, name=document["name"], task="vision.classify")
        version = WeightVersion(weight=weight, number=1, source="upload", sha256="0" * 64, size_bytes=0)
        with library.staging_folder() as staged:
            folder = Path(staged)
            save_file(load_model(document, folder, pretrained=False).state_dict(), folder / MODEL_FILE)
            classes = [str(index) for index in range(inputs.outputs)]
            facts = WeightFacts(task=weight.task, classes=classes, graph=document, preprocessing=inputs.preprocessing)
            write_facts(folder, facts)
            version.folder = library.put(folder, version.id)
        version.size_bytes = (library.folder_of(version) / MODEL_FILE).stat().st_size
        version.save()
        return Served(str(version.id), library.folder_of(version))

    def wait_until_served(self, token: str, weight: str) -> None:
        """Until the infer worker has loaded torch and the model."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                Client(self.port, token, weight).ask()
            except RuntimeError as error:
                if not str(error).startswith("503"):
                    raise
                time.sleep(0.3)
            else:
                return
        raise RuntimeError("The infer worker does not answer.")

    def close(self) -> None:
        """End all its processes."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def in_own_process(*arguments: str) -> dict[str, Any]:
    """Run a part of this file in a fresh process and read its answer."""
    command = [sys.executable, "-m", "benchmarks.inference", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(studio: Studio, token: str, served: Served, options: argparse.Namespace) -> dict[str, float]:
    """Bare passes and requests in turns; the medians over the rounds."""
    studio.wait_until_served(token, served.id)
    seconds, rows = str(options.seconds), []
    for _ in range(options.rounds):
        alone = in_own_process("--bare", str(served.folder), "--seconds", seconds)
        asked = in_own_process(
            "--requests", str(studio.port), token, served.id, "--seconds", seconds, "--clients", str(options.clients)
        )
        rows.append(
            {
                "bare_ms": alone["p50_ms"], "api_ms": asked["p50_ms"], "more_ms": asked["p50_ms"] - alone["p50_ms"],
                "bare_per_s": alone["per_s"], "api_per_s": asked["per_s"], "ratio": asked["per_s"] / alone["per_s"],
                "batch": asked["batch"], **{f"part_{name}": value for name, value in asked["parts"].items()},
            }
        )  # fmt: skip
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def main() -> int:
    """Print the numbers; exit 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=16, help="concurrent connections")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--requests", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        print(json.dumps(bare(options.bare, options.seconds)))
        return 0
    if options.requests:
        port, token, weight = options.requests
        print(json.dumps(requests(int(port), token, weight, options.seconds, options.clients)))
        return 0
    kept = True
    with tempfile.TemporaryDirectory(prefix="cvs-bench-") as folder:
        studio = Studio(Path(folder))
        try:
            token, served = studio.prepare()
            for name, (_, is_judged) in MODELS.items():
                kept &= report(name, measure(studio, token, served[name], options), is_judged)
        finally:
            studio.close()
    return 0 if kept else 1


def report(name: str, row: dict[str, float], is_judged: bool) -> bool:
    """Print one model's numbers; whether its budgets are kept."""
    quick, many = row["more_ms"] <= LATENCY_BUDGET_MS, row["ratio"] >= THROUGHPUT_BUDGET
    parts = ", ".join(f"{part} {row[f'part_{part}']:.1f}" for part in ("queue", "preprocess", "forward", "postprocess"))
    print(f"{name}:")
    print(
        f"  one request  bare {row['bare_ms']:6.1f} ms   API {row['api_ms']:6.1f} ms   more {row['more_ms']:+.1f} ms "
        f"(budget +{LATENCY_BUDGET_MS:.0f}){'' if quick else '  EXCEEDED'}"
    )
    print(f"               of it in ms: {parts}")
    verdict = "" if not is_judged else "" if many else "  MISSED"
    print(
        f"  many at once bare {row['bare_per_s']:6.1f} /s   API {row['api_per_s']:6.1f} /s   ratio {row['ratio']:.2f} "
        f"(budget {THROUGHPUT_BUDGET:.2f}{'' if is_judged else ', not judged'}), mean batch {row['batch']:.1f}{verdict}"
    )
    return quick and (many or not is_judged)


if __name__ == "__main__":
    sys.exit(main())
