"""Makes hyperspectral scenes: materials with smooth spectra, a landscape, light, a sensor with noise, planted targets.

The linear mixing model (N. Keshava and J. Mustard, IEEE Signal Processing Magazine 19(1), 2002): a pixel is the sum of
material spectra weighed by their areas, times the light that falls on it, plus the sensor's noise. Everything follows
from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml_core.hsi.scene import Georeference, Scene

#: Wavelengths at which air lets no light through, in nanometres: centre, half width, depth.
_AIR: Final = ((760, 6, 0.4), (940, 25, 0.35), (1130, 30, 0.5), (1390, 50, 0.97), (1870, 55, 0.98), (2500, 90, 0.8))


@dataclass(frozen=True)
class SimulatedSensor:
    """A sensor to simulate.

    Attributes:
        name: For ``Scene.sensor``.
        first_nm: Wavelength of the first band.
        last_nm: Wavelength of the last band.
        bands: Number of bands before those in water vapour are taken out.
        snr: Signal to noise ratio of a bright band.
        scale: Counts for a perfect reflector; 0 gives float reflectance.
    """

    name: str
    first_nm: float
    last_nm: float
    bands: int
    snr: float
    scale: int


SENSORS: Final = {
    "swir": SimulatedSensor("Simulated 400-2500 nm", 400, 2500, 224, 400, 10_000),
    "urban": SimulatedSensor("Simulated urban 400-2500 nm", 400, 2500, 210, 120, 1_000),
    "vnir": SimulatedSensor("Simulated 430-860 nm", 430, 860, 102, 250, 0),
}


@dataclass(frozen=True)
class Simulation:
    """A scene to make.

    Attributes:
        height: Rows.
        width: Columns.
        bands: Number of bands; 0 takes what the sensor has.
        sensor: A key of `SENSORS`.
        targets: Number of planted targets.
        smallest: Pixels of the smallest target.
        largest: Pixels of the largest target.
        contrast: How far a target's spectrum may lie from its surroundings: 1 is another material at full strength.
        materials: Number of materials of the landscape.
    """

    height: int = 100
    width: int = 100
    bands: int = 0
    sensor: str = "swir"
    targets: int = 12
    smallest: int = 1
    largest: int = 150
    contrast: float = 0.6
    materials: int = 6


def simulate_scene(seed: int, plan: Simulation | None = None) -> Scene:
    """Make a scene; equal seeds and plans give equal scenes.

    Returns:
        A `Scene` with wavelengths, georeference and the mask of its targets.
    """
    plan = plan or Simulation()
    rng = np.random.default_rng(seed)
    sensor = SENSORS[plan.sensor]
    wavelengths, clear = _bands(sensor, plan.bands)
    spectra = np.stack([_material(rng, wavelengths) for _ in range(plan.materials)])
    areas = _landscape(rng, plan)
    mask, planted = _targets(rng, plan, wavelengths, spectra)
    light = 1 + 0.12 * _smooth_noise(rng, plan.height, plan.width, max(plan.height, plan.width) / 5)
    mixed = areas.reshape(-1, plan.materials) @ spectra.astype(np.float32)
    mixed *= 1 + 0.04 * rng.standard_normal((len(mixed), 1), np.float32)  # roughness inside a material
    cube = mixed.reshape(plan.height, plan.width, -1) * light[..., None].astype(np.float32)
    for rows, columns, share, spectrum in planted:
        shade = light[rows, columns, None].astype(np.float32)
        cube[rows, columns] = (1 - share) * cube[rows, columns] + share * shade * spectrum.astype(np.float32)
    return Scene(
        name=f"simulated-{plan.sensor}-{seed}",
        cube=_measure(rng, cube, wavelengths, sensor, clear),
        mask=mask,
        wavelengths=wavelengths,
        good_bands=np.ones(len(wavelengths), bool),
        georeference=Georeference((5.0, 0.0, 500_000.0, 0.0, -5.0, 3_600_000.0)),
        sensor=sensor.name,
    )


def _bands(sensor: SimulatedSensor, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wavelengths of the bands that light reaches, and its share there."""
    wavelengths = np.linspace(sensor.first_nm, sensor.last_nm, count or sensor.bands)
    clear = np.ones_like(wavelengths)
    for centre, half, depth in _AIR:
        clear *= 1 - depth * np.exp(-(((wavelengths - centre) / half) ** 2))
    kept = clear > 0.25
    return wavelengths[kept], clear[kept]


def _material(rng: np.random.Generator, wavelengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reflectance from 0.01 to 0.9: a level, broad hills, an edge such as the one of plants, absorption bands."""
    low, high = wavelengths[0], max(wavelengths[-1], 1000.0)
    position = (wavelengths - low) / (high - low)
    spectrum = rng.uniform(0.1, 0.4) + rng.uniform(-0.2, 0.25) * position
    for _ in range(3):
        spectrum += rng.uniform(-0.15, 0.2) * np.exp(-(((position - rng.random()) / rng.uniform(0.1, 0.4)) ** 2))
    if rng.random() < 0.4:
        edge = rng.uniform(690, 740) if rng.random() < 0.6 else rng.uniform(500, 650)
        spectrum += rng.uniform(0.1, 0.35) / (1 + np.exp(-(wavelengths - edge) / rng.uniform(8, 25)))
    spectrum = np.maximum(spectrum, 0.02)
    for _ in range(rng.integers(2, 6)):
        centre, half = rng.uniform(low, high), rng.uniform(10, 90)
        spectrum *= 1 - rng.uniform(0.05, 0.5) * np.exp(-(((wavelengths - centre) / half) ** 2))
    return np.asarray(np.clip(spectrum, 0.01, 0.9), np.float64)


def _smooth_noise(rng: np.random.Generator, height: int, width: int, length: float) -> NDArray[np.float64]:
    """(H, W) of zero mean and unit spread, correlated over ``length`` pixels."""
    step = max(1, int(length / 2))
    coarse = rng.standard_normal((height // step + 6, width // step + 6))
    coarse = ndimage.gaussian_filter(coarse, max(length / step / 2, 0.5), mode="wrap")
    fine = ndimage.zoom(coarse, step, order=1)[:height, :width]
    return np.asarray((fine - fine.mean()) / (fine.std() + 1e-12), np.float64)


def _landscape(rng: np.random.Generator, plan: Simulation) -> NDArray[np.float32]:
    """(H, W, materials) areas that sum to 1: fields, water, roads and blocks of houses, with mixed borders."""
    height, width, count = plan.height, plan.width, plan.materials
    rows, columns = np.mgrid[:height, :width]
    angle = rng.uniform(0, np.pi)
    along, across = rows * np.cos(angle) + columns * np.sin(angle), columns * np.cos(angle) - rows * np.sin(angle)
    size = rng.uniform(15, 35)
    cells = np.floor(along / size).astype(int) * 31 + np.floor(across / (size * rng.uniform(0.6, 1.6))).astype(int)
    ground = rng.integers(0, max(1, count - 3), 4096)[np.mod(cells, 4096)]
    relief = _smooth_noise(rng, height, width, max(height, width) / 4)
    water, road, house = count - 1, count - 2, count - 3
    if count > 3:
        town = _smooth_noise(rng, height, width, max(height, width) / 5) > rng.uniform(0.4, 1.2)
        grid = (np.mod(along, 9) < 6) & (np.mod(across, 11) < 7)
        ground = np.where(town & grid, house, np.where(town, road, ground))
        bend = across + 6 * np.sin(along / rng.uniform(15, 40)) - rng.uniform(0.2, 0.8) * width
        ground = np.where(np.abs(bend) < rng.uniform(1, 3), road, ground)
        ground = np.where(relief < rng.uniform(-1.8, -0.9), water, ground)
    areas = (ground[..., None] == np.arange(count)).astype(np.float32)
    areas = ndimage.gaussian_filter(areas, (0.6, 0.6, 0))
    for material in range(count):  # no field is pure
        areas[..., material] += 0.04 * np.clip(_smooth_noise(rng, height, width, 6), 0, None)
    return np.asarray(areas / areas.sum(axis=2, keepdims=True), np.float32)


Planted = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32], NDArray[np.float64]]


def _targets(
    rng: np.random.Generator, plan: Simulation, wavelengths: NDArray[np.float64], spectra: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], list[Planted]]:
    """Compact targets of foreign materials, sizes spread evenly over the logarithm, apart from each other."""
    mask, planted = np.zeros((plan.height, plan.width), np.uint8), []
    kinds = [_material(rng, wavelengths) for _ in range(3)]
    largest = max(plan.smallest, min(plan.largest, plan.height * plan.width // 40))
    sizes = np.exp(rng.uniform(np.log(plan.smallest), np.log(largest + 0.999), plan.targets)).astype(int)
    for size in sorted(sizes.tolist(), reverse=True):
        rows, columns = _shape(rng, size)
        for _ in range(40):
            row, column = rng.integers(0, plan.height), rng.integers(0, plan.width)
            r, c = rows + row, columns + column
            if r.min() < 0 or c.min() < 0 or r.max() >= plan.height or c.max() >= plan.width:
                continue
            area = mask[max(0, r.min() - 3) : r.max() + 4, max(0, c.min() - 3) : c.max() + 4]
            if area.any():
                continue
            mask[r, c] = 1
            share = np.full((len(r), 1), plan.contrast * rng.uniform(0.7, 1.0), np.float32)
            share *= rng.uniform(0.7, 1.0, share.shape).astype(np.float32)
            planted.append((r, c, share, kinds[int(rng.integers(len(kinds)))]))
            break
    return mask, planted


def _shape(rng: np.random.Generator, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """``size`` pixels of a turned ellipse around the origin."""
    side = int(np.ceil(np.sqrt(size) * 2)) + 1
    rows, columns = np.mgrid[-side : side + 1, -side : side + 1]
    angle, ratio = rng.uniform(0, np.pi), rng.uniform(1, 3)
    along, across = rows * np.cos(angle) + columns * np.sin(angle), columns * np.cos(angle) - rows * np.sin(angle)
    nearest = np.argsort((along / ratio) ** 2 + across**2, axis=None, kind="stable")[:size]
    return rows.reshape(-1)[nearest], columns.reshape(-1)[nearest]


def _measure(
    rng: np.random.Generator, cube: NDArray[np.float32], wavelengths: NDArray[np.float64],
    sensor: SimulatedSensor, clear: NDArray[np.float64],
) -> NDArray[np.uint16] | NDArray[np.float32]:  # fmt: skip
    """Radiance as the sensor counts it: sunlight, air, photon and read-out noise, a little striping."""
    sun = 1 / (1 + ((wavelengths - 560) / 900) ** 2)
    gain = (sun * clear).astype(np.float32)
    cube *= gain
    noise = np.sqrt(np.clip(cube, 0, None) * 0.3 + 0.01, dtype=np.float32)
    noise *= rng.standard_normal(cube.shape, np.float32)
    cube += noise / np.float32(sensor.snr)
    cube *= 1 + 0.002 * rng.standard_normal((1, cube.shape[1], cube.shape[2]), np.float32)
    if not sensor.scale:
        return np.asarray(np.clip(cube, 0, None), np.float32)
    return np.asarray(np.clip(np.rint(cube * sensor.scale), 0, 65_535), np.uint16)
