"""Writes the maps of a scene, and everything that pages need to know about them without opening them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import CodedError
from ml_core.hsi.classic import CLASSIC
from ml_core.hsi.metrics import can_score, score_map
from ml_core.hsi.scene import Scene
from ml_core.run.context import RunContext
from ml_core.run.files import write_json_atomic

Kind = Literal["head", "classic", "combined", "training_free"]
MAPS_FILE, REGIONS_FILE, COMBINED_FILE = "maps.json", "regions.json", "anomaly_map.npy"
MAPS_FORMAT = 1
QUANTILES = (0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)

_TITLES: Mapping[str, str] = {
    "combined": "Combined",
    "lm_nll": "Surprise in context",
    "token_nll": "Surprise of tokens",
    "recon": "Reconstruction",
    "one_class": "One class",
    "training_free": "Without training",
}
_KINDS: Mapping[str, Kind] = {
    "combined": "combined",
    "training_free": "training_free",
    "lm_nll": "head",
    "token_nll": "head",
    "recon": "head",
    "one_class": "head",
}


class MapError(CodedError):
    """A method gave something that is no map of the scene."""

    default_code = "hsi.map"


class MapWriter:
    """Keeps the maps of one scene as artifacts of a run.

    ``maps.json`` is written anew after every map, so that a run that is interrupted goes on after the last of them.

    Args:
        run: The run.
        scene: What is mapped; its mask, if there is one, scores the maps and does nothing else.
        facts: What else ``maps.json`` says: the scene's fingerprint, the weights.
    """

    def __init__(self, run: RunContext, scene: Scene, facts: Mapping[str, Any]) -> None:
        self._run = run
        self._scene = scene
        self._path = run.artifact_path(MAPS_FILE)
        self._content: dict[str, Any] = {"format": MAPS_FORMAT, **facts, "methods": {}, "seconds": 0.0}
        if run.resuming and self._path.is_file():
            known = json.loads(self._path.read_text(encoding="utf-8"))["methods"]
            self._content["methods"] = {name: facts for name, facts in known.items() if self._is_whole(facts["file"])}

    def _is_whole(self, file: str) -> bool:
        try:
            shape = np.load(self._path.parent / file, mmap_mode="r", allow_pickle=False).shape
        except (OSError, ValueError):
            return False
        return bool(shape == self._scene.shape[:2])

    @property
    def methods(self) -> dict[str, dict[str, Any]]:
        """What is known of each map, by the name of its method."""
        methods: dict[str, dict[str, Any]] = self._content["methods"]
        return methods

    def read(self, method: str) -> NDArray[np.float32]:
        """A map that was written."""
        values: NDArray[np.float32] = np.load(self._path.parent / self.methods[method]["file"], allow_pickle=False)
        return values

    def add(
        self, method: str, values: NDArray[np.float32], seconds: float, *, source: str, weight: float | None = None
    ) -> None:
        """Keep a map; pixels that were not measured get its smallest value, for nothing can be found there.

        Args:
            method: Its name.
            values: (H, W).
            seconds: What its source took; maps of one source come out of one pass and share its time.
            source: What computed it.
            weight: Its part in the combination of a detector; None where there is none.

        Raises:
            MapError: It has another shape than the scene, or a value is not finite.
        """
        if values.shape != self._scene.shape[:2] or not np.isfinite(values).all():
            raise MapError(
                f"The method {method} gave no finite value for every pixel.",
                hint="Look at the bands of the scene: exclude those that hold no signal.",
                where=method,
            )
        invalid = self._scene.invalid
        if invalid is not None and not invalid.all():
            values = np.where(invalid, values[~invalid].min(), values)
        file = f"maps/{method}.npy"
        path = self._run.artifact_path(file)
        np.save(path, values.astype(np.float32), allow_pickle=False)
        self._run.artifact(path)
        facts: dict[str, Any] = {"file": file, "title": title_of(method), "kind": _KINDS.get(method, "classic")}
        if weight is not None:
            facts["weight"] = weight
        self.methods[method] = facts | {"seconds": round(seconds, 4), "source": source} | describe_map(values)
        mask = self._scene.mask
        if mask is not None and can_score(mask):
            self.methods[method]["metrics"] = score_map(values, mask)
        by_source = {known["source"]: known["seconds"] for known in self.methods.values()}
        self._content["seconds"] = round(sum(by_source.values()), 4)
        write_json_atomic(self._path, self._content)

    def finish(self) -> None:
        """Announce ``maps.json``."""
        self._run.artifact(self._path, "application/json")


def title_of(method: str) -> str:
    """What people call a method."""
    return CLASSIC[method].title if method in CLASSIC else _TITLES.get(method, method)


def describe_map(values: NDArray[np.float32]) -> dict[str, Any]:
    """Median, robust spread, range and upper quantiles of a map, in its own units."""
    flat = values.astype(np.float64).ravel()
    median = float(np.median(flat))
    quantiles = np.quantile(flat, QUANTILES)
    return {
        "median": median,
        "mad": float(np.median(np.abs(flat - median))),
        "min": float(flat.min()),
        "max": float(flat.max()),
        "quantiles": {f"{share:g}": float(value) for share, value in zip(QUANTILES, quantiles, strict=True)},
    }


def main_method(methods: Mapping[str, Any]) -> str:
    """The map that a summary is about: the combination where there is one, else the first."""
    return "combined" if "combined" in methods else next(iter(methods))


def read_maps(folder: Path) -> dict[str, Any]:
    """The content of ``maps.json`` of a run's artifacts."""
    content: dict[str, Any] = json.loads((folder / MAPS_FILE).read_text(encoding="utf-8"))
    return content
