"""The steps of the closed loop, each one call or two of the API and one or two printed lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cvstudio.launcher.demo.client import ApiClient, ApiError

SHAPE = [1, 32, 32]  # the sample is grey, 32 x 32
CLASSES = 10
EPOCHS = 6
SANE_ACCURACY = 0.9  # a LeNet that reads fewer digits has learnt from something broken
ENDED = {"completed", "failed", "stopped", "lost"}


@dataclass
class Demo:
    """Walks through the loop; what a step made is there for the next one."""

    api: ApiClient
    say: Callable[[str], None]

    def url(self, path: str) -> str:
        """The page of a thing."""
        return f"{self.api.address}{path}"

    def dataset(self) -> dict[str, Any]:
        """Handwritten digits as an image folder, imported by the io worker."""
        made = self.api.post("datasets", {"source": "sample"})
        self.say(f"  {self.url('/datasets/' + made['id'])}")
        ready = self.api.wait(f"datasets/{made['id']}", has_ended_import, 120, lambda _: None)
        version = ready["current_version"]
        if version is None:
            raise ApiError("The import of the sample failed.", hint="Look at worker-io.log.")
        self.say(f"  {len(version['classes'])} classes, images: {version['counts'].get('splits', version['counts'])}")
        return dict(ready)

    def architecture(self, template: str = "lenet", name: str = "LeNet for digits") -> dict[str, Any]:
        """A starter network fitted to the sample."""
        values = {"name": name, "template": template, "input_shape": SHAPE, "classes": CLASSES}
        made = self.api.post("models", values)
        totals = self.api.post("models/analyze", {"id": made["id"]})["totals"]
        self.say(f"  {self.url('/architectures/' + made['id'])}")
        self.say(f"  {totals['params']:,} parameters, {totals['macs']:,} multiply-adds for one image")
        return dict(made)

    def code(self, architecture: dict[str, Any]) -> None:
        """PyTorch as a person would write it."""
        files = self.api.post("models/generate", {"id": architecture["id"]})["files"]
        lines = ", ".join(f"{name} ({len(text.splitlines())} lines)" for name, text in files.items())
        self.say(f"  {lines}")

    def training(self, dataset: dict[str, Any], architecture: dict[str, Any]) -> dict[str, Any]:
        """Checks, then a run that is watched to its end."""
        plan = {
            "dataset": dataset["id"],
            "architecture": architecture["id"],
            "config": {"fit": {"epochs": EPOCHS, "batch_size": 64, "learning_rate": 0.003}},
        }
        report = self.api.post("training/preflight", plan)
        asked = report["asks"]
        run = self.api.post("training", {**plan, "name": "LeNet on digits", "acknowledge": asked})
        self.say(f"  {self.url('/runs/' + run['id'])}")
        seen: set[str] = set()

        def tell(now: dict[str, Any]) -> None:
            done, total = (int(now["progress"].get(name) or 0) for name in ("done", "total"))
            quarter = f", {done / total * 4 // 1 / 4:.0%}" if total and now["state"] == "running" else ""
            stage = f", {now['progress']['stage']}" if quarter and now["progress"].get("stage") else ""
            if (line := now["state"] + stage + quarter) not in seen:
                seen.add(line)
                self.say(f"  {line}")

        ended = self.api.wait(f"training/{run['id']}", lambda now: now["state"] in ENDED, 300, tell)
        if ended["state"] != "completed":
            raise ApiError(f"The run ended as {ended['state']}: {ended['cause'].get('message', '')}")
        metrics = ended["result"].get("metrics", {})
        self.say(f"  {measures(metrics)}")
        accuracy = metrics.get("test_accuracy", metrics.get("accuracy", 0.0))
        if accuracy < SANE_ACCURACY:
            raise ApiError(f"The network reads only {accuracy:.0%} of the digits; {SANE_ACCURACY:.0%} are expected.")
        return dict(ended)

    def weight(self, run: dict[str, Any]) -> dict[str, Any]:
        """The version that the run put into the library."""
        found = self.api.get(f"weights?run={run['id']}")["results"]
        if not found:
            raise ApiError("The run left no weight.", hint="Look at the log of the run.")
        self.say(f"  {self.url('/weights/' + found[0]['id'])}")
        return dict(found[0])

    def predictions(self, dataset: dict[str, Any], weight: dict[str, Any], count: int = 5) -> None:
        """Images of the test split, which the network has never seen."""
        images = self.api.get(f"datasets/{dataset['id']}/images?split=test&page_size=100")["results"]
        step = max(1, len(images) // count)
        right = 0
        for image in images[::step][:count]:
            answer = self.api.post("inference/predict", {"weight": weight["id"], "image_id": image["id"]})
            best = answer["top"][0]
            right += best["class"] == image["class_name"]
            self.say(f"  a {image['class_name']} is read as {best['class']} ({best['probability']:.0%})")
        self.say(f"  {right} of {count} right: {self.url('/inference/')}")


def has_ended_import(dataset: dict[str, Any]) -> bool:
    """Whether a version is there, or its import failed."""
    return dataset["version"] is not None or any(part["state"] == "failed" for part in dataset["unfinished"])


def measures(metrics: dict[str, Any]) -> str:
    """Metrics in one line."""
    return ", ".join(f"{name} {value:.3g}" for name, value in metrics.items() if isinstance(value, int | float))


def run_all(demo: Demo) -> None:
    """The whole loop."""
    demo.say("1  Data set: handwritten digits as an image folder")
    dataset = demo.dataset()
    demo.say("2  Architecture: a LeNet from a template")
    architecture = demo.architecture()
    demo.say("3  Generated code")
    demo.code(architecture)
    demo.say("4  Training")
    run = demo.training(dataset, architecture)
    demo.say("5  Weight")
    weight = demo.weight(run)
    demo.say("6  Predictions")
    demo.predictions(dataset, weight)
