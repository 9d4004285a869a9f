"""Small scenes, models and a plain loop over pixels that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.hsi.anomaly.area_filter import small_structures
from ml_core.hsi.anomaly.detector import HSIAnomalyDetector
from ml_core.hsi.anomaly.features import AREAS
from ml_core.hsi.anomaly.recon import RECON_AREAS
from ml_core.hsi.anomaly.surroundings import surroundings, units_of
from ml_core.hsi.canonical import CanonicalScene
from ml_core.hsi.encoder import BertSize, HSIEncoderBERT, UniversalHSIModel
from ml_core.hsi.encoder.batch import Windows
from ml_core.hsi.encoder.density import negative_log_likelihoods
from ml_core.hsi.encoder.scoring import ScoringSettings
from ml_core.hsi.encoder.windows import WindowLayout, cut_windows, grid_shape, whitened, whitening
from ml_core.hsi.scene import Scene
from ml_core.hsi.tokenizer import SSPQTokenizer, TokenMap

Maps = NDArray[np.float32]


def a_cube(height: int = 40, width: int = 36, bands: int = 24, seed: int = 0) -> NDArray[np.float32]:
    """Smooth ground of two materials with noise, and a few foreign pixels from row 10, column 12 on."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    share = 0.5 + 0.5 * np.sin(y / 9) * np.cos(x / 7)
    materials = 2 + np.cumsum(generator.normal(size=(3, bands)), axis=1)
    cube = share[..., None] * materials[0] + (1 - share[..., None]) * materials[1]
    cube[10:13, 12:14] = materials[2] + 3
    noisy: NDArray[np.float32] = (cube + 0.1 * generator.normal(size=cube.shape)).astype(np.float32)
    return noisy


def a_scene(height: int = 40, width: int = 36, seed: int = 0) -> Scene:
    cube = a_cube(height, width, seed=seed)
    mask = np.zeros(cube.shape[:2], np.uint8)
    mask[10:13, 12:14] = 1
    return Scene("made", cube, mask, None, np.ones(cube.shape[2], dtype=bool))


def a_model(seed: int = 0) -> UniversalHSIModel:
    """Untrained and small, as the product would build it."""
    torch.manual_seed(seed)
    tokenizer = SSPQTokenizer(
        {
            "num_bands": 96, "hidden_dim": 8, "codebook_size": 12, "num_layers": 2, "kernel_size": 3,
            "commitment_beta": 0.25, "tokens": "pixel",
        },
        {
            "num_bands": 96, "hidden_dim": 8, "codebook_size": 10, "encoder_channels": [8, 8],
            "commitment_beta": 0.25, "tokens": "pixel",
        },
    )  # fmt: skip
    encoder = HSIEncoderBERT(
        120, 3, "", False, 0.35, 225, spectral_codes=12, size=BertSize(32, 1, 2), dropout=0.0,
        tokenizer_fingerprint=tokenizer.fingerprint(),
    )  # fmt: skip
    return UniversalHSIModel(tokenizer, encoder).eval()


def a_detector(seed: int = 0, **options: object) -> HSIAnomalyDetector:
    model = a_model(seed)
    return HSIAnomalyDetector(model, model.encoder.hidden_size, **options).eval()  # type: ignore[arg-type]


class PatchLoop:
    """The plain way: for each pixel, cut what surrounds it and compute every head anew.

    Only the area filters are taken from the whole scene, as a component may reach anywhere.
    """

    def __init__(self, detector: HSIAnomalyDetector, scene: CanonicalScene, domain_id: int = 0) -> None:
        self._detector, self._scene, self._domain_id = detector, scene, domain_id
        self._model = detector.universal_model
        self._small = small_structures(scene.coordinates, AREAS, keep=RECON_AREAS)
        self._units = units_of(scene.coordinates)
        self._tokens: TokenMap | None = None
        self.shape = scene.coordinates.shape[:2]

    def tokens_at(self, row: int, column: int) -> tuple[int, int]:
        """k and m of a pixel from its own patch."""
        halo = self._model.tokenizer.spatial_vqvae.halo
        patch = torch.from_numpy(self._around(row, column, halo) @ self._scene.basis).permute(2, 0, 1)[None]
        with torch.inference_mode():
            found = self._model.tokenizer(patch, padded=True)
        return int(found["spectral_ids"][0, 0]), int(found["spatial_ids"][0, 0])

    def tokenize(self) -> None:
        """Patch by patch."""
        height, width = self.shape
        ids = np.array([[self.tokens_at(row, column) for column in range(width)] for row in range(height)], np.int16)
        self.use_tokens(TokenMap(ids[..., 0], ids[..., 1], self._scene.coordinates, self._scene.variances))

    def use_tokens(self, tokens: TokenMap) -> None:
        self._tokens = tokens

    def lm_nll(self, row: int, column: int) -> float:
        """Mean over the two finest strides of the largest surprise in any block that hides the pixel."""
        layout = WindowLayout()
        strides = layout.strides_for(*self.shape)[:2]
        return float(np.mean([self._lm_nll_at(row, column, stride, layout) for stride in strides]))

    def _lm_nll_at(self, row: int, column: int, stride: int, layout: WindowLayout) -> float:
        assert self._tokens is not None
        grid = grid_shape(self.shape, stride, (0, 0))
        lasts = [max(length - layout.block, 0) for length in grid]
        step = ScoringSettings().step
        starts = [sorted({*range(0, last + 1, step), last}) for last in lasts]
        values = []
        for top in starts[0]:
            for left in starts[1]:
                at_row, at_column = row // stride - top, column // stride - left
                if 0 <= at_row < layout.block and 0 <= at_column < layout.block:
                    values.append(self._one_window(row, column, (top, left), stride, layout, at_row, at_column))
        return max(values)

    def _one_window(
        self,
        row: int,
        column: int,
        block: tuple[int, int],
        stride: int,
        layout: WindowLayout,
        at_row: int,
        at_column: int,
    ) -> float:
        assert self._tokens is not None
        encoder = self._model.encoder
        factors = whitening(self._tokens, encoder.coordinates)
        arrays = cut_windows(self._tokens, factors, np.array([block]), stride, (0, 0), layout, encoder.spatial_codes)
        cut = {name: torch.from_numpy(getattr(arrays, name)) for name in Windows._fields[:6]}
        windows = Windows(**cut, domain_ids=torch.tensor([self._domain_id]), stride=torch.tensor([float(stride)]))
        with torch.inference_mode():
            density = encoder.predict(windows, with_ids=False).density
            own = torch.from_numpy(whitened(self._tokens, factors, np.array([row]), np.array([column])))
            targets = own[None].expand(1, layout.block**2, -1).contiguous()
            pooled = negative_log_likelihoods(density, targets, windows.coordinates).pooled
        return float(pooled[0, at_row * layout.block + at_column])

    def recon(self, row: int, column: int) -> float:
        """Difference of the decoded spectra with and without small structures."""
        branch, own = self._model.tokenizer.spectral_vqvae, self._scene.coordinates[row, column]
        with torch.inference_mode():
            drawn = [
                branch.decode(branch.encode(torch.from_numpy((own - change) @ self._scene.basis)[None]))
                for change in [np.zeros_like(own), *self._small.changes[:, row, column]]
            ]
        return float(np.mean([float((other - drawn[0]).abs().mean()) for other in drawn[1:]]))

    def one_class(self, row: int, column: int) -> float:
        """Target network on the square that it sees around a pixel; at the border, on the part that there is."""
        network = self._detector.target_network
        reach = network.reach
        top, left = max(row - reach, 0), max(column - reach, 0)
        maps = surroundings(self._scene.coordinates, self._units, slice(top, min(row + reach + 1, self.shape[0])))
        part = np.ascontiguousarray(maps[..., left : column + reach + 1])
        with torch.inference_mode():
            logit = float(network(torch.from_numpy(part)[None])[0, row - top, column - left])
        return float(np.exp(0.5 * logit))

    def _around(self, row: int, column: int, reach: int) -> Maps:
        height, width = self.shape
        span = np.arange(-reach, reach + 1)
        rows, columns = np.clip(row + span, 0, height - 1), np.clip(column + span, 0, width - 1)
        return self._scene.coordinates[rows[:, None], columns[None]]
