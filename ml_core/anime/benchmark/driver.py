"""The benchmark: seeds, nested trainings, and all numbers in one result."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ml_core.anime.benchmark.config import BenchmarkConfig
from ml_core.anime.benchmark.enrolment import measure_enrolment
from ml_core.anime.benchmark.judging import judge_recogniser
from ml_core.anime.benchmark.material import Material, prepare
from ml_core.anime.benchmark.summary import over_seeds, row_of
from ml_core.anime.benchmark.table import markdown
from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.fusion.captions import find_captions
from ml_core.anime.progress import stage_progress
from ml_core.engine.device import cap_threads
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.nested import run_nested

_NETWORKS: Final = ("teacher", "student", "student_alone")


def run_benchmark(config: BenchmarkConfig, run: RunContext) -> dict[str, Any]:
    """Train and measure everything; what an interrupted run finished is kept.

    Returns:
        ``teacher``, ``student``, ``student_alone``, ``enrol``, ``unknown_auroc``, ``calibration_error`` and ``fusion``
        as means over the seeds; ``spread`` in the same shape; ``by_seed``, ``seeds``, ``seconds`` and ``wall_s``.

    Raises:
        CollectionError: As `prepare`.
        CodedError: As the trainings.
    """
    return _Benchmark(config, run).run()


class _Benchmark:
    def __init__(self, config: BenchmarkConfig, run: RunContext) -> None:
        self._config, self._run = config, run
        self._captions = find_captions(Path(config.known), config.captions) if "fusion" in config.parts else None
        self._done = 0

    def run(self) -> dict[str, Any]:
        """Everything, seed by seed."""
        started = time.monotonic()
        cap_threads(self._config.threads)
        reading = stage_progress(self._run, "reading images")
        materials, fingerprint = prepare(self._config, self._run.dir.path / "work" / "parts", reading)
        self._run.data_fingerprint(fingerprint)
        if "fusion" in self._config.parts and self._captions is None:
            self._run.log("There is no captions.json, so texts are not measured.", "warning")
        found = []
        for number, material in enumerate(materials):
            found.append(self._one_seed(self._config.seed + number, material))
            mean, spread = over_seeds(found)
            for line in markdown(mean, spread, len(found)).splitlines():
                self._run.log(line)
        self._leave(mean, spread, found)
        flat = {f"{name}_top1": mean[name]["top1"] for name in _NETWORKS if name in mean}
        wall_s = round(time.monotonic() - started, 1)
        return {"metrics": flat, **mean, "seeds": len(found), "spread": spread, "by_seed": found, "wall_s": wall_s}

    def _one_seed(self, seed: int, material: Material) -> dict[str, Any]:
        parts = self._config.parts
        trainings = _Trainings(self._config, self._run, seed, self._step)
        teacher = trainings.classifier("teacher", material.known)
        found: dict[str, Any] = {"seed": str(seed), "images": material.facts}
        if "students" in parts:
            compared = trainings.distill(teacher, material)
            found |= {name: row_of(compared[name]) for name in _NETWORKS}
        else:
            found["teacher"] = row_of(trainings.kept("teacher", lambda: judge_recogniser(teacher, material.test)))
        found["calibration_error"] = found["teacher"]["calibration_error"]
        if material.new is not None:
            is_known = material.base == material.known
            base = teacher if is_known else trainings.classifier("teacher-without-some", material.base)
            found |= trainings.enrol(base, material)
        if self._captions is not None:
            found["fusion"] = trainings.fusion(teacher, material, self._captions)
        return {**found, "seconds": trainings.seconds}

    def _step(self, label: str) -> None:
        """Shows how far the whole has come; trainings show their own progress in between."""
        parts = self._config.parts
        own = 1 + ("students" in parts) + ("enrol" in parts) * (1 if self._config.new else 2)
        total = self._config.seeds * (own + (self._captions is not None))
        self._run.raise_if_requested()
        self._run.progress(min(self._done, total), total, "parts", label)
        self._done += 1

    def _leave(self, mean: dict[str, Any], spread: dict[str, Any], found: list[dict[str, Any]]) -> None:
        path = self._run.artifact_path("table.md")
        path.write_text(markdown(mean, spread, len(found)), encoding="utf-8")
        self._run.artifact(path, "text/markdown")
        path = self._run.artifact_path("scores.json")
        write_json_atomic(path, {**mean, "seeds": len(found), "spread": spread, "by_seed": found})
        self._run.artifact(path, "application/json")


class _Trainings:
    """The parts of one seed: each in a folder of its own, and none done twice."""

    def __init__(self, config: BenchmarkConfig, run: RunContext, seed: int, step: Callable[[str], None]) -> None:
        self._config, self._run, self._seed, self._step = config, run, seed, step
        self._folder = run.dir.path / "work" / f"seed-{seed}"
        self.seconds: dict[str, float] = {}

    def classifier(self, name: str, known: Path) -> Path:
        """The weight folder of a recogniser."""
        self._nested(name, "anime.classifier", {"known": str(known)}, self._config.classifier)
        return self._folder / name / WEIGHT_PATH

    def distill(self, teacher: Path, material: Material) -> dict[str, Any]:
        """The comparison of teacher and students."""
        values = {"known": str(material.known), "test": str(material.test), "teacher": str(teacher)}
        return self._nested("students", "anime.distill", values, self._config.distill)

    def fusion(self, teacher: Path, material: Material, captions: Path) -> dict[str, float]:
        """How often image, text and both are right."""
        values = {"known": str(material.known), "test": str(material.test), "recogniser": str(teacher)}
        values["captions"] = str(captions)
        scores: dict[str, float] = self._nested("fusion", "anime.fusion", values, self._config.fusion)["scores"]
        return scores

    def enrol(self, base: Path, material: Material) -> dict[str, Any]:
        """What adding characters to ``base`` brings and costs."""
        assert material.new is not None
        new, test, config = material.new, material.base_test, self._config
        label = f"seed {self._seed}, adding characters"
        self._step(label)
        told = stage_progress(self._run, label, "draws")
        scratch = self._folder / "features"
        return self.kept(
            "enrol",
            lambda: measure_enrolment(base, test, new, scratch, draws=config.draws, seed=self._seed, progress=told),
        )

    def kept(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What ``make`` gives, or gave when this run was interrupted after it."""
        path = self._folder / f"{name}.json"
        if not path.is_file():
            started = time.monotonic()
            made = make()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json_atomic(path, {"found": made, "seconds": time.monotonic() - started})
        content = json.loads(path.read_text(encoding="utf-8"))
        self.seconds[name] = round(content["seconds"], 1)
        found: dict[str, Any] = content["found"]
        return found

    def _nested(self, name: str, recipe: str, values: dict[str, Any], wishes: dict[str, Any]) -> dict[str, Any]:
        label = f"seed {self._seed}, {name.replace('-', ' ')}"
        self._step(label)
        machine = {"device": self._config.device, "threads": self._config.threads}
        settings = {**wishes, **values, "seed": self._seed, "fit": {**machine, **wishes.get("fit", {})}}
        result = run_nested(self._run, self._folder / name, recipe, settings, label)
        self.seconds[name] = round(result["seconds"], 1)
        return result
