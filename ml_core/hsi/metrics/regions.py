"""The strongest regions of a map, as a table: where, how large, how strong, and how their spectra differ."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml_core.hsi.metrics.counts import check_map, check_mask
from ml_core.hsi.metrics.spectra import Places, mean_spectrum, plain, spectral_angles
from ml_core.hsi.metrics.thresholds import quantile_threshold
from ml_core.hsi.scene import Georeference, Scene

#: Share of the pixels that belongs to regions where no threshold is given.
SHARE: Final = 0.01

#: Pixels that touch at a corner belong to one region.
_TOUCHING: Final = np.ones((3, 3), dtype=np.int64)

#: The background of a region begins behind a gap, because light of a target reaches its neighbours, and is that wide.
_GAP: Final = 2
_RING: Final = 3

_LAST_UNIT: Final = re.compile(r'\b(?:LENGTH)?UNIT\["[^"]*",\s*([0-9.eE+-]+)')


@dataclass(frozen=True)
class Region:
    """Touching pixels that reach the threshold.

    Attributes:
        id: ``rROWcCOLUMN`` of the strongest pixel: the same at every threshold that keeps the region apart.
        rank: 1 for the strongest.
        row, column: Place of the strongest pixel, from 0.
        centroid_row, centroid_column: Mean place.
        top, left, bottom, right: Bounding box, all inside.
        pixels: Area in pixels.
        area_m2: Area on the ground; None where the size of a pixel is not known.
        max_score, mean_score: Of the map.
        hit: Whether a pixel is marked in the mask; None without one.
        hit_pixels: Marked pixels; None without a mask.
        spectral_angle_deg: Angle between the two spectra over the good bands; None without a cube.
        spectrum: (B,) mean over the region; empty without a cube, None where a band is missing.
        background: (B,) mean over a ring around it, pixels of other regions left out; empty where there is none.
    """

    id: str
    rank: int
    row: int
    column: int
    centroid_row: float
    centroid_column: float
    top: int
    left: int
    bottom: int
    right: int
    pixels: int
    area_m2: float | None
    max_score: float
    mean_score: float
    hit: bool | None
    hit_pixels: int | None
    spectral_angle_deg: float | None = None
    spectrum: list[float | None] = field(default_factory=list)
    background: list[float | None] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON and tables."""
        return asdict(self)


COLUMNS = tuple(item.name for item in fields(Region) if item.name not in ("spectrum", "background"))
"""Names of what a table tells of a region."""


def find_regions(
    scores: NDArray[Any],
    threshold: float | None = None,
    *,
    count: int = 20,
    cube: NDArray[Any] | None = None,
    good_bands: NDArray[np.bool_] | None = None,
    mask: NDArray[Any] | None = None,
    pixel_area_m2: float | None = None,
) -> list[Region]:
    """The ``count`` regions with the highest scores, strongest first.

    Args:
        scores: (H, W), larger = more anomalous.
        threshold: Score that a pixel of a region reaches; the highest percent of the pixels when None.
        count: How many regions at most.
        cube: (H, W, B), for the spectra; only the pixels of the regions and around them are read.
        good_bands: (B,) bool, bands that the spectral angle uses; all when None.
        mask: (H, W), 1 = anomaly, for hit or miss.
        pixel_area_m2: Area of a pixel on the ground.

    Returns:
        Fewer than ``count`` where the map has fewer; none where it is constant.

    Raises:
        MetricError: The map is not finite or the mask does not fit.
    """
    check_map(scores)
    marked = None if mask is None else check_mask(scores, mask)
    if threshold is None:
        # Of a map that is mostly one value, the highest percent is that value.
        threshold = max(quantile_threshold(scores, SHARE), float(np.nextafter(scores.min(), np.inf)))
    flagged = scores >= threshold
    labels, number = ndimage.label(flagged, structure=_TOUCHING)
    if not number or not count:
        return []
    peaks = ndimage.maximum(scores, labels, np.arange(1, number + 1))
    strongest = np.argsort(-np.asarray(peaks), kind="stable")[:count]
    boxes = ndimage.find_objects(labels)
    found = []
    for rank, label in enumerate(strongest, start=1):
        box = boxes[label]
        inside = labels[box] == label + 1
        places = _places(inside, box[0].start, box[1].start)
        region = _describe(rank, places, scores, marked, pixel_area_m2)
        if cube is not None:
            region = _with_spectra(region, cube, good_bands, places, flagged)
        found.append(region)
    return found


def strongest_regions(
    scores: NDArray[Any],
    scene: Scene,
    *,
    count: int = 20,
    threshold: float | None = None,
    pixel_size_m: float | None = None,
) -> list[dict[str, Any]]:
    """The regions of a map of a scene with all that the scene knows, for ``regions.json``; see ``find_regions``.

    Args:
        scores: (H, W), larger = more anomalous.
        scene: Its cube is read at the regions, its mask tells hits.
        count: How many regions at most.
        threshold: See ``find_regions``.
        pixel_size_m: Side of a pixel in metres; taken from the georeference when None.
    """
    area = pixel_size_m**2 if pixel_size_m else pixel_area(scene.georeference)
    regions = find_regions(
        scores,
        threshold,
        count=count,
        cube=scene.cube,
        good_bands=scene.good_bands,
        mask=scene.mask,
        pixel_area_m2=area,
    )
    return [region.as_dict() for region in regions]


def pixel_area(georeference: Georeference | None) -> float | None:
    """Square metres of a pixel; None where the coordinates are not lengths on a plane."""
    if georeference is None or not georeference.crs.lstrip().upper().startswith("PROJ"):
        return None
    units = _LAST_UNIT.findall(georeference.crs)  # the last one is that of the plane, earlier ones belong to the globe
    if not units:
        return None
    a, b, _, d, e, _ = georeference.transform
    return abs(a * e - b * d) * float(units[-1]) ** 2 or None


def _describe(
    rank: int, places: Places, scores: NDArray[Any], marked: NDArray[np.bool_] | None, pixel_area_m2: float | None
) -> Region:
    values = scores[places[:, 0], places[:, 1]]
    row, column = places[int(values.argmax())].tolist()
    (top, left), (bottom, right) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    hits = None if marked is None else int(np.count_nonzero(marked[places[:, 0], places[:, 1]]))
    return Region(
        id=f"r{row}c{column}",
        rank=rank,
        row=row,
        column=column,
        centroid_row=float(places[:, 0].mean()),
        centroid_column=float(places[:, 1].mean()),
        top=top,
        left=left,
        bottom=bottom,
        right=right,
        pixels=len(places),
        area_m2=None if pixel_area_m2 is None else len(places) * pixel_area_m2,
        max_score=float(values.max()),
        mean_score=float(values.mean(dtype=np.float64)),
        hit=None if hits is None else hits > 0,
        hit_pixels=hits,
    )


def _with_spectra(
    region: Region,
    cube: NDArray[Any],
    good_bands: NDArray[np.bool_] | None,
    places: Places,
    flagged: NDArray[np.bool_],
) -> Region:
    spectrum = mean_spectrum(cube, places)
    ring = _ring_places(region, places, flagged)
    if not len(ring):
        return Region(**{**asdict(region), "spectrum": plain(spectrum)})
    background = mean_spectrum(cube, ring)
    used = np.isfinite(spectrum) & np.isfinite(background)
    if good_bands is not None:
        used &= good_bands
    angle = float(spectral_angles(spectrum[None, used], background[used])[0]) if used.any() else None
    return Region(
        **{
            **asdict(region),
            "spectrum": plain(spectrum),
            "background": plain(background),
            "spectral_angle_deg": angle,
        }
    )


def _ring_places(region: Region, places: Places, flagged: NDArray[np.bool_]) -> Places:
    """Pixels (N, 2) around a region and behind a gap that belong to no region."""
    reach = _GAP + _RING
    top, left = max(region.top - reach, 0), max(region.left - reach, 0)
    box = (slice(top, region.bottom + reach + 1), slice(left, region.right + reach + 1))
    inside = np.zeros(flagged[box].shape, dtype=bool)
    inside[places[:, 0] - top, places[:, 1] - left] = True
    far = ndimage.distance_transform_cdt(~inside, metric="chessboard")
    ring = (far > _GAP) & (far <= reach) & ~flagged[box]
    return _places(ring, top, left)


def _places(inside: NDArray[np.bool_], top: int, left: int) -> Places:
    """Rows and columns (N, 2) in the scene of what is marked in a box of it."""
    return np.argwhere(inside) + np.array([top, left], dtype=np.intp)
