"""Simulated scenes without targets: ground of other sensors, for a network that should be at home anywhere."""

from __future__ import annotations

import numpy as np

from ml_core.hsi.canonical import CanonicalScene, canonicalise
from ml_core.hsi.simulate import SENSORS, Simulation, simulate_scene
from ml_core.run.seeds import mix

_MATERIALS = (5, 13)  # fewest, and one more than most


def simulated_landscapes(count: int, seed: int) -> list[CanonicalScene]:
    """``count`` scenes in the common form, the sensors in turn; equal seeds give equal scenes."""
    sensors = sorted(SENSORS)
    found = []
    for number in range(count):
        own_seed = mix(seed, "landscape", number)
        materials = int(np.random.default_rng(own_seed).integers(*_MATERIALS))
        plan = Simulation(sensor=sensors[number % len(sensors)], targets=0, materials=materials)
        scene = simulate_scene(own_seed, plan)
        found.append(canonicalise(scene.cube, wavelengths=scene.wavelengths, good_bands=scene.good_bands))
    return found
