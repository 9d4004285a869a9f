"""The benchmark: folds, seeds, nested runs of the stages, and their scores in one result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_core.hsi.benchmark.config import BenchmarkConfig
from ml_core.hsi.benchmark.folds import BenchmarkError, BenchmarkScene, Fold, make_folds, read_folder
from ml_core.hsi.benchmark.table import markdown, summarise
from ml_core.hsi.infer import read_maps
from ml_core.hsi.metrics import can_score
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic
from ml_core.run.nested import run_nested

RANDOM_CLASSICS = frozenset({"iforest"})
"""Classic methods whose map depends on the seed; the others are run once."""
_LEARNED = "detector"
_Scores = dict[str, dict[str, dict[str, float]]]


def run_benchmark(config: BenchmarkConfig, run: RunContext) -> dict[str, Any]:
    """Compare all methods; finished trainings and maps of an interrupted run are kept.

    Returns:
        ``scenes`` and ``mean`` (see `summarise`), ``by_seed``, ``training_s`` by stage and fold, and ``metrics``.

    Raises:
        SceneSourceError: A folder holds no scenes.
        BenchmarkError: No scene has a mask to score by, or nothing is left to learn from.
    """
    return _Benchmark(config, run).run()


class _Benchmark:
    def __init__(self, config: BenchmarkConfig, run: RunContext) -> None:
        self._config = config
        self._run = run
        self._work = run.dir.path / "work"
        test = read_folder(Path(config.test))
        is_same = bool(config.train) and Path(config.train).resolve() == Path(config.test).resolve()
        train = test if is_same else read_folder(Path(config.train)) if config.train else []
        self._test = [scene for scene in test if can_score(scene.scene.mask)]
        if not self._test:
            raise BenchmarkError(
                "No scene of the test folder has a mask with anomalies and background.",
                hint="Give a folder of scenes with masks.",
                where="test",
            )
        self._folds: list[Fold] = []
        if _LEARNED in config.methods:
            self._folds = make_folds(
                train,
                test,
                count=config.folds,
                is_same_folder=is_same,
                leave_sensor_out=config.leave_sensor_out,
            )
        self._classics = [name for name in config.methods if name != _LEARNED]
        self._training_s: dict[str, float] = {}

    def run(self) -> dict[str, Any]:
        """Everything, seed by seed."""
        by_seed = {self._config.seed + number: self._one_seed(number) for number in range(self._config.seeds)}
        by_seed = {seed: scores for seed, scores in by_seed.items() if scores}
        summary = summarise(by_seed)
        table = markdown(summary)
        path = self._run.artifact_path("table.md")
        path.write_text(table, encoding="utf-8")
        self._run.artifact(path, "text/markdown")
        for line in table.splitlines():
            self._run.log(line)
        result = summary | {"by_seed": {str(seed): scores for seed, scores in by_seed.items()}}
        result["training_s"] = self._training_s
        result["folds"] = {fold.name: [scene.name for scene in fold.test] for fold in self._folds}
        write_json_atomic(self._run.artifact_path("scores.json"), result)
        self._run.artifact(self._run.artifact_path("scores.json"), "application/json")
        flat = {
            f"{method}_{measure}": found[measure]
            for method, found in summary["mean"].items()
            for measure in ("auc", "ap")
        }
        return {"metrics": flat, **result}

    def _one_seed(self, number: int) -> _Scores:
        seed = self._config.seed + number
        scores: _Scores = {}
        for fold in self._folds:
            encoder = self._train(fold, seed)
            detector = None if self._config.adapt_heads else self._fit(fold, fold.train, seed, encoder, fold.name)
            for scene in fold.test:
                if can_score(scene.scene.mask):
                    own = detector or self._fit(fold, [scene], seed, encoder, scene.path.name)
                    scores.setdefault(scene.name, {}).update(self._learned(fold, scene, seed, own))
        classics = [name for name in self._classics if number == 0 or name in RANDOM_CLASSICS]
        for scene in self._test if classics else ():
            scores.setdefault(scene.name, {}).update(self._classic(scene, seed, classics))
        return {scene.name: scores[scene.name] for scene in self._test if scene.name in scores}

    def _train(self, fold: Fold, seed: int) -> Path:
        """Stages 1 and 2 on the scenes of a fold that are not scored; the encoder's weight folder."""
        folder = self._work / f"seed-{seed}" / fold.name
        tokenizer = folder / "tokenizer"
        common = self._common(fold, fold.train, seed)
        self._stage(tokenizer, "hsi.tokenizer", {**common, **self._config.tokenizer}, f"seed {seed}, {fold.name}")
        values = {**common, "tokenizer": str(tokenizer), "num_domains": len(fold.sensors), **self._config.pretrain}
        self._stage(folder / "pretrain", "hsi.pretrain", values, f"seed {seed}, {fold.name}")
        return folder / "pretrain"

    def _fit(self, fold: Fold, scenes: Sequence[BenchmarkScene], seed: int, encoder: Path, name: str) -> Path:
        """Stage 3, unlabelled; the detector's weight folder."""
        folder = self._work / f"seed-{seed}" / fold.name / f"anomaly-{name}"
        values = {**self._common(fold, scenes, seed), "encoder": str(encoder), **self._config.anomaly}
        self._stage(folder, "hsi.anomaly", values, f"seed {seed}, {name}")
        return folder

    def _stage(self, folder: Path, recipe: str, values: dict[str, Any], label: str) -> None:
        result = run_nested(self._run, folder, recipe, values, f"{label}, {recipe}")
        self._training_s[folder.relative_to(self._work).as_posix()] = round(result["seconds"], 1)

    def _learned(self, fold: Fold, scene: BenchmarkScene, seed: int, detector: Path) -> dict[str, dict[str, float]]:
        """The maps of one scene."""
        folder = self._work / f"seed-{seed}" / fold.name / f"maps-{scene.path.name}"
        settings = {"detector": str(detector), "domain_id": fold.domain_of(scene)}
        return self._maps(folder, scene, seed, settings, f"seed {seed}, {scene.name}, maps")

    def _classic(self, scene: BenchmarkScene, seed: int, methods: Sequence[str]) -> dict[str, dict[str, float]]:
        folder = self._work / f"seed-{seed}" / "classic" / scene.path.name
        return self._maps(folder, scene, seed, {"methods": list(methods)}, f"seed {seed}, {scene.name}, classic")

    def _maps(
        self, folder: Path, scene: BenchmarkScene, seed: int, settings: dict[str, Any], label: str
    ) -> dict[str, dict[str, float]]:
        """Scores of the maps of a nested run."""
        machine = {"device": self._config.device, "workers": self._config.workers}
        values = {"scene": str(scene.path), "seed": seed, "regions": 0, **machine, **settings}
        run_nested(self._run, folder, "hsi.infer", values, label)
        return {
            method: {"auc": facts["metrics"]["auc"], "ap": facts["metrics"]["ap"], "seconds": facts["seconds"]}
            for method, facts in read_maps(folder / "artifacts")["methods"].items()
        }

    def _common(self, fold: Fold, scenes: Sequence[BenchmarkScene], seed: int) -> dict[str, Any]:
        """Settings that all stages share."""
        listed = [
            {"name": scene.name, "data_path": str(scene.path), "domain_id": fold.domain_of(scene)} for scene in scenes
        ]
        machine = {"device": self._config.device, "threads": self._config.threads}
        return {"preset": self._config.preset, "seed": seed, "pretrain_datasets": listed, **machine}
