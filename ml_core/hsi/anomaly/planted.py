"""Targets planted in a scene nobody has labelled: what a detector can learn from without a mask.

Something small with a spectrum of its own is put where the scene has none. The scene itself says how targets do not
look: its edges, roads, roofs and texture are the negatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml_core.hsi.anomaly.planted_shapes import line_coverage, target_coverage
from ml_core.hsi.anomaly.surroundings import texture_of

Generator = np.random.Generator
Maps = NDArray[np.float32]

TARGET, BACKGROUND, UNDECIDED = 1, 0, -1
_MOST_GROUPS = 300
_RARE_SHARE = 0.02
_LEAST_SHARE = 0.2  # of the foreign spectrum in a natural target
_MOST_COPIES = 60


@dataclass(frozen=True)
class PlantSettings:
    """What is planted.

    Attributes:
        largest: Area of the largest targets in pixels; sizes are log-uniform from 1.
        share: About this share of the scene becomes target, give or take a factor of e.
        distractors: Long lines and large fields of foreign spectra for each scene, to be taken for background.
        contrast: Least and largest change of a pixel, in units of the scene's texture.
        natural: Share of targets whose contrast is what their spectrum gives; for the others it is log-uniform.
    """

    largest: float = 150.0
    share: float = 0.025
    distractors: float = 2.0
    contrast: tuple[float, float] = (3.0, 80.0)
    natural: float = 0.5


def plant(
    coordinates: Maps, foreign: Maps, generator: Generator, settings: PlantSettings | None = None
) -> tuple[Maps, NDArray[np.int8]]:
    """Put random targets into a scene.

    Args:
        coordinates: (H, W, C) float32, half-whitened components.
        foreign: (N, C) spectra of other scenes in the same components; may be empty.
        generator: Draws everything.
        settings: Sizes and amounts.

    Returns:
        The scene with targets, and (H, W) int8: 1 target, 0 background, -1 neither (soft edges of targets).
    """
    planter = _Planter(coordinates, foreign, generator, settings or PlantSettings())
    planter.plant()
    return planter.planted, planter.labels


class _Planter:
    def __init__(self, scene: Maps, foreign: Maps, generator: Generator, settings: PlantSettings) -> None:
        self.planted = scene.copy()
        self._size = (scene.shape[0], scene.shape[1])
        self.labels: NDArray[np.int8] = np.zeros(self._size, np.int8)
        self._scene, self._foreign, self._draw, self._settings = scene, foreign, generator, settings
        self._own = scene.reshape(-1, scene.shape[2])
        self._spread = self._own.std(axis=0)
        self._unit = texture_of(scene)
        lengths = np.linalg.norm((self._own - self._own.mean(axis=0)) / (self._spread + 1e-9), axis=1)
        self._rare = np.argsort(-lengths)[: max(20, round(_RARE_SHARE * len(lengths)))]

    def plant(self) -> None:
        for _ in range(self._draw.poisson(self._settings.distractors)):
            self._distractor()
        wanted = self._settings.share * self.labels.size * np.exp(self._draw.uniform(-1, 1))
        for _ in range(_MOST_GROUPS):
            if (self.labels == TARGET).sum() >= wanted:
                break
            self._group()

    def _group(self) -> None:
        """One target, or the same several times: on a lattice, as parked things stand, or anywhere."""
        draw, settings = self._draw, self._settings
        coverage = self._blurred(target_coverage(np.exp(draw.uniform(0, np.log(settings.largest))), draw))
        room = max(1, int(settings.share * self.labels.size / max(float(coverage.sum()), 1.0)))
        kind = draw.integers(4)
        if kind == 0:
            places = self._lattice(coverage.shape)[: max(2, min(room, _MOST_COPIES))]
        else:
            count = min(room, int(draw.integers(2, 10))) if kind == 1 else 1
            places = [self._anywhere() for _ in range(count)]
        change = self._change(places[0])
        roughness = 0.4 * draw.uniform(0.2, 1.2)
        for place in places:
            shape = np.rot90(coverage, int(draw.integers(4))) if kind == 1 else coverage
            self._put(shape, place, change, roughness)

    def _change(self, place: tuple[int, int]) -> Maps:
        """What a wholly covered pixel gains: a share of the way to a foreign spectrum, or a step of a drawn size."""
        draw, settings = self._draw, self._settings
        local = self._at(place)
        change = self._spectrum(local) - local
        if draw.random() < settings.natural:
            return np.float32(np.exp(draw.uniform(np.log(_LEAST_SHARE), 0))) * change
        size = self._unit * np.exp(draw.uniform(*np.log(settings.contrast)))
        scaled: Maps = change * np.float32(size / max(float(np.linalg.norm(change)), 1e-9))
        return scaled

    def _put(self, coverage: Maps, place: tuple[int, int], change: Maps, roughness: float) -> None:
        """Add a change to what is there: replacing it would make targets smoother than any real surface."""
        rows, columns, part = self._clip(coverage, place)
        if not part.size or (self.labels[rows, columns] != BACKGROUND).any():
            return
        share = np.minimum(part * np.float32(np.exp(self._draw.normal(0, 0.1))), 1.0)
        texture = 1.0 + roughness * self._draw.standard_normal(part.shape, dtype=np.float32)
        step = (share * texture)[..., None] * change
        length = np.linalg.norm(step, axis=2)
        if length.max() < self._settings.contrast[0] * self._unit:
            return  # nobody could see it
        self.planted[rows, columns] += step
        own = self.labels[rows, columns]
        own[part > 0.04] = UNDECIDED
        own[(part >= 0.35 * part.max()) & (length >= 0.3 * length.max())] = TARGET

    def _distractor(self) -> None:
        """A line, or a field much larger than any target: foreign, but background."""
        height, width = self._size
        draw = self._draw
        if draw.random() < 0.5:
            coverage = line_coverage(draw.uniform(0.5, 1.4) * max(height, width), draw.uniform(0.5, 4.0), draw)
        else:
            coverage = target_coverage(height * width * np.exp(draw.uniform(np.log(0.035), np.log(0.18))), draw)
        place = self._anywhere()
        rows, columns, part = self._clip(self._blurred(coverage), place)
        share = (part * np.float32(draw.uniform(0.3, 1.0)))[..., None]
        self.planted[rows, columns] += share * (self._spectrum(self._at(place)) - self._at(place))

    def _spectrum(self, local: Maps) -> Maps:
        """Of anywhere in the scene, of its rare pixels, of another scene, or in a direction that no scene has."""
        draw = self._draw
        kind = draw.integers(5)
        if kind == 0:
            return np.asarray(self._own[draw.integers(len(self._own))])
        if kind == 1 and len(self._foreign):
            return np.asarray(self._foreign[draw.integers(len(self._foreign))])
        if kind == 2:
            return np.asarray(self._own[self._rare[draw.integers(len(self._rare))]])
        direction = draw.standard_normal(self._own.shape[1], dtype=np.float32)
        if kind == 3:  # as strong in each component as the scene itself
            direction *= self._spread
        size = self._unit * np.exp(draw.uniform(np.log(1.5), np.log(25.0)))
        found: Maps = local + direction * np.float32(size / max(float(np.linalg.norm(direction)), 1e-9))
        return found

    def _blurred(self, coverage: Maps) -> Maps:
        """As optics blur: a little, or not at all."""
        sigma = self._draw.uniform(0, 0.7)
        if sigma <= 0.25:
            return coverage
        blurred: Maps = np.clip(ndimage.gaussian_filter(np.pad(coverage, 2), sigma), 0, 1).astype(np.float32)
        return blurred

    def _at(self, place: tuple[int, int]) -> Maps:
        """The scene there, or where it is nearest."""
        height, width = self._size
        return np.asarray(self._scene[np.clip(place[0], 0, height - 1), np.clip(place[1], 0, width - 1)])

    def _anywhere(self) -> tuple[int, int]:
        return int(self._draw.integers(self._size[0])), int(self._draw.integers(self._size[1]))

    def _lattice(self, size: tuple[int, ...]) -> list[tuple[int, int]]:
        """Places in rows and columns, sometimes a little aslant."""
        pitch, count = np.array(size) + self._draw.integers(2, 9, 2), self._draw.integers(2, 8, 2)
        row, column = self._anywhere()
        slant = self._draw.uniform(-0.3, 0.3) * (self._draw.random() < 0.5)
        return [
            (round(row + pitch[0] * i - slant * pitch[1] * j), round(column + pitch[1] * j + slant * pitch[0] * i))
            for i in range(count[0])
            for j in range(count[1])
        ]

    def _clip(self, coverage: Maps, place: tuple[int, int]) -> tuple[slice, slice, Maps]:
        """The part of a shape centred at a place that lies in the scene."""
        height, width = self._size
        top, left = place[0] - coverage.shape[0] // 2, place[1] - coverage.shape[1] // 2
        rows = slice(max(top, 0), max(min(top + coverage.shape[0], height), 0))
        columns = slice(max(left, 0), max(min(left + coverage.shape[1], width), 0))
        part = coverage[max(-top, 0) : max(rows.stop - top, 0), max(-left, 0) : max(columns.stop - left, 0)]
        return rows, columns, part
