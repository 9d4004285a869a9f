"""All heads on every pixel of a scene: the scene is computed once, not once for each patch that holds a pixel.

Work goes in bands of rows. A band reads as far beyond its rows as its windows, rings and convolutions reach, so bands
give what the whole gives, however many there are. Area filters see the whole scene, one channel at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.hsi.anomaly.area_filter import small_structures
from ml_core.hsi.anomaly.features import AREAS, RING_COMPONENTS, RINGS, training_free
from ml_core.hsi.anomaly.recon import RECON_AREAS, decoder_differences
from ml_core.hsi.anomaly.ring import ring_distances
from ml_core.hsi.anomaly.surroundings import Units, surroundings, units_of
from ml_core.hsi.anomaly.target_network import TargetNetwork
from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.encoder import UniversalHSIModel
from ml_core.hsi.encoder.scoring import combine_strides, score_rows
from ml_core.hsi.encoder.windows import WindowLayout
from ml_core.hsi.tokenizer import tokenize_scene

Maps = NDArray[np.float32]
Progress = Callable[[float], None]

_MOST_ROWS = 64  # of a band: memory does not follow the scene, and there is work for several
_MOST_LOGIT = 30.0
_SMALL_SHARE = 0.15  # of the time, spent before the first band


@dataclass(frozen=True)
class _Band:
    """What one band of rows gives."""

    distances: Maps
    recon: Maps
    one_class: Maps
    likelihoods: dict[str, Maps]


def dense_heads(
    model: UniversalHSIModel,
    network: TargetNetwork,
    scene: CanonicalScene,
    *,
    domain_id: int,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Maps]:
    """Maps of a scene by head, all (H, W) float32: ``lm_nll``, ``token_nll``, ``recon``, ``one_class``, and
    ``training_free``, which uses nothing that was learned.
    """
    tell = progress or _silent
    height = scene.coordinates.shape[0]
    with _one_core_each(workers):
        small = small_structures(
            scene.coordinates,
            AREAS,
            keep=RECON_AREAS,
            workers=workers,
            progress=lambda share: tell(_SMALL_SHARE * share),
        )
        tokens = tokenize_scene(model.tokenizer, scene)
        units = units_of(scene.coordinates)
        layout = WindowLayout(halo=model.tokenizer.spatial_vqvae.halo)  # as in pre-training

        def compute(rows: slice) -> _Band:
            return _Band(
                ring_distances(scene.coordinates[..., :RING_COMPONENTS], RINGS, rows=rows),
                decoder_differences(model.tokenizer, scene.coordinates[rows], small.changes[:, rows], scene.basis),
                target_odds(network, scene.coordinates, units, rows),
                score_rows(model.encoder, tokens, rows=rows, domain_id=domain_id, layout=layout),
            )

        bands: list[_Band] = []
        slices = list(bands_of(height))
        with ThreadPoolExecutor(workers) as pool:
            for band in pool.map(compute, slices):
                bands.append(band)
                tell(_SMALL_SHARE + (0.95 - _SMALL_SHARE) * len(bands) / len(slices))
        names = bands[0].likelihoods
        likelihoods = {name: np.concatenate([band.likelihoods[name] for band in bands]) for name in names}
        maps = {
            "lm_nll": combine_strides(likelihoods),
            "token_nll": combine_strides(likelihoods, "token_nll"),
            "recon": np.concatenate([band.recon for band in bands]),
            "one_class": np.concatenate([band.one_class for band in bands]),
            "training_free": training_free(small.residues, np.concatenate([band.distances for band in bands], axis=1)),
        }
    tell(1.0)
    return maps


@torch.inference_mode()
def target_odds(network: TargetNetwork, coordinates: Maps, units: Units, rows: slice) -> Maps:
    """Square root of the odds that the target network gives, for some rows of a scene: (rows, W) float32.

    Odds spread over orders of magnitude as the other heads do; logits would be outvoted by them.
    """
    top, bottom = max(rows.start - network.reach, 0), min(rows.stop + network.reach, coordinates.shape[0])
    maps = torch.from_numpy(surroundings(coordinates, units, slice(top, bottom))).to(network.mean.device)
    logits = network(maps[None])[0, rows.start - top : rows.stop - top]
    odds: Maps = (0.5 * logits.clamp(-_MOST_LOGIT, _MOST_LOGIT)).exp().cpu().numpy()
    return odds


def bands_of(height: int) -> Iterator[slice]:
    """Rows of a scene in bands of about equal height. They do not depend on who computes them, so neither do maps."""
    count = -(-height // _MOST_ROWS)
    edges = np.linspace(0, height, count + 1).round().astype(int).tolist()
    yield from (slice(start, stop) for start, stop in itertools.pairwise(edges))


@contextmanager
def _one_core_each(workers: int) -> Iterator[None]:
    """Bands in parallel make better use of cores than threads within an operation."""
    before = torch.get_num_threads()
    if workers > 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _silent(share: float) -> None:
    """Nobody wants to know."""
