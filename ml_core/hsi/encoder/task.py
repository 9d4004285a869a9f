"""Training of Stage 2 in the fit loop: windows of many scenes, and what to watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.engine.task import Gather, Step, Task
from ml_core.hsi.encoder.batch import Windows
from ml_core.hsi.encoder.bert import HSIEncoderBERT
from ml_core.hsi.encoder.density import negative_log_likelihoods, smooth_mean_error
from ml_core.hsi.encoder.windows import WindowArrays, WindowLayout, cut_windows, grid_shape, whitening
from ml_core.hsi.tokenizer.token_map import TokenMap
from ml_core.run.seeds import mix

_SPATIAL_WEIGHT, _MEAN_WEIGHT = 0.5, 0.5
_TRIMMED_SHARE = 0.02
_CORNER_SHARE = 0.2  # of each side; blocks of validation lie there
_STRIDE_SHARES = (0.5, 0.3, 0.2)


@dataclass(frozen=True)
class TokenScene:
    """A scene to learn from.

    Attributes:
        tokens: Of the whole scene.
        domain_id: Its sensor or scene.
    """

    tokens: TokenMap
    domain_id: int


class WindowData:
    """Random windows of token maps, turned and mirrored in training, with random signs of the coordinates.

    Principal components have no natural sign, so none may be learnt. Blocks of validation lie in one corner of each
    scene, and those of training elsewhere. What sample i of an epoch is follows from the seed, the epoch and i alone.

    A batch holds the parts of a `Windows` by name.

    Args:
        scenes: Token maps.
        layout: Sizes of windows.
        coordinates: Coordinates that the encoder reads.
        spatial_codes: K_x.
        samples: Windows in an epoch.
        seed: Seed of the run.
        split: Training, or the corners held out.
    """

    prefers_workers = False

    def __init__(
        self,
        scenes: Sequence[TokenScene],
        *,
        layout: WindowLayout,
        coordinates: int,
        spatial_codes: int,
        samples: int,
        seed: int,
        split: Literal["train", "val"],
    ) -> None:
        self._scenes = list(scenes)
        self._factors = [whitening(scene.tokens, coordinates) for scene in self._scenes]
        self._layout, self._spatial_codes = layout, spatial_codes
        self._samples, self._seed, self._split = samples, seed, split
        self._corners = [mix(seed, "corner", number) % 4 for number in range(len(self._scenes))]

    def __len__(self) -> int:
        return self._samples

    def item_name(self, index: int) -> str:
        """The number of the window."""
        return f"window {index}"

    def batch(self, indices: Sequence[int], epoch: int) -> dict[str, Tensor]:
        """See the class."""
        samples = [self._sample(index, epoch) for index in indices]
        batch = {
            name: torch.from_numpy(np.concatenate([getattr(arrays, name) for arrays, _, _ in samples]))
            for name in ("spectral", "spatial", "coordinates", "places", "hidden_spatial", "hidden")
        }
        batch["domain_ids"] = torch.tensor([domain_id for _, domain_id, _ in samples], dtype=torch.int64)
        batch["stride"] = torch.tensor([float(stride) for _, _, stride in samples])
        return batch

    def _sample(self, index: int, epoch: int) -> tuple[WindowArrays, int, int]:
        training = self._split == "train"
        keys = ("window", self._split, epoch if training else 0, index)
        generator = np.random.default_rng(mix(self._seed, *keys))
        number = int(generator.integers(len(self._scenes)))
        scene, factors = self._scenes[number], self._factors[number]
        height, width = scene.tokens.spectral.shape
        strides = self._layout.strides_for(height, width)
        shares = np.resize(_STRIDE_SHARES, len(strides))
        stride = int(generator.choice(strides, p=shares / shares.sum()))
        phase = (int(generator.integers(stride)), int(generator.integers(stride)))
        grid = grid_shape((height, width), stride, phase)
        block = self._block(generator, grid, self._corners[number], held_out=not training)
        window = cut_windows(scene.tokens, factors, block, stride, phase, self._layout, self._spatial_codes)
        if training:
            window = _vary(window, generator, self._layout.side)
        return window, scene.domain_id, stride

    def _block(
        self, generator: np.random.Generator, grid: tuple[int, int], corner: int, *, held_out: bool
    ) -> NDArray[np.int64]:
        """Upper left token of a block: (1, 2). Not held out means that it lies wholly outside of the corner."""
        size = self._layout.block
        top, left = (max(1, side - size + 1) for side in grid)
        split = [max(size, round(side * _CORNER_SHARE)) for side in grid]
        low_row, low_column = corner < 2, corner % 2 == 0
        if held_out:
            row = int(generator.integers(split[0] - size + 1)) if low_row else int(grid[0] - split[0])
            row += 0 if low_row else int(generator.integers(split[0] - size + 1))
            column = int(generator.integers(split[1] - size + 1)) if low_column else int(grid[1] - split[1])
            column += 0 if low_column else int(generator.integers(split[1] - size + 1))
            return np.array([[min(max(row, 0), top - 1), min(max(column, 0), left - 1)]])
        while True:
            row, column = int(generator.integers(top)), int(generator.integers(left))
            in_rows = row < split[0] if low_row else row + size > grid[0] - split[0]
            in_columns = column < split[1] if low_column else column + size > grid[1] - split[1]
            if not (in_rows and in_columns) or min(top, left) <= 2 * size:
                return np.array([[row, column]])


def _vary(window: WindowArrays, generator: np.random.Generator, side: int) -> WindowArrays:
    """Turn, mirror and flip signs."""
    turns, mirrored = int(generator.integers(4)), bool(generator.integers(2))
    signs = generator.choice(np.array([-1.0, 1.0], dtype=np.float32), size=window.coordinates.shape[-1])
    picture = np.rot90(np.arange(side * side).reshape(side, side), turns)
    order = (picture[:, ::-1] if mirrored else picture).reshape(-1)
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    return WindowArrays(
        window.spectral[:, order],
        window.spatial[:, order],
        window.coordinates[:, order] * signs,
        back[window.places],
        window.hidden_spatial,
        window.hidden[:, order],
    )


class WindowObjective(nn.Module):
    """The losses of an encoder on windows; in several processes its call is what is synchronised."""

    def __init__(self, encoder: HSIEncoderBERT) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses and hits of a batch of `WindowData`; each is (batch, Q).

        ``loss`` is CE(k) + CE(m) / 2 + the surprise of Gaussian and pointer in nats for each coordinate + half the
        Huber error of the mean.
        """
        windows = Windows(**batch)
        prediction = self.encoder.predict(windows)
        k, m = windows.spectral.gather(1, windows.places), windows.hidden_spatial
        spread = windows.places.unsqueeze(-1).expand(-1, -1, windows.coordinates.shape[-1])
        targets = windows.coordinates.gather(1, spread)
        densities = negative_log_likelihoods(prediction.density, targets, windows.coordinates)
        spectral = -prediction.log_spectral.gather(-1, k.unsqueeze(-1)).squeeze(-1)
        spatial = -prediction.log_spatial.gather(-1, m.unsqueeze(-1)).squeeze(-1)
        error = smooth_mean_error(prediction.density, targets)
        density = (densities.gaussian + densities.pointer) / targets.shape[-1]
        return {
            "loss": spectral + _SPATIAL_WEIGHT * spatial + density + _MEAN_WEIGHT * error,
            "token_nll": spectral + spatial,
            "density_nll": densities.pooled,
            "gaussian_nll": densities.gaussian,
            "pointer_nll": densities.pointer,
            "spectral_accuracy": (prediction.log_spectral.argmax(-1) == k).float(),
            "spatial_accuracy": (prediction.log_spatial.argmax(-1) == m).float(),
        }


def trimmed_mean(losses: Tensor, surprise: Tensor) -> Tensor:
    """Mean of the losses without the most surprising targets: they may be the very anomalies to be found."""
    kept = max(1, int(surprise.numel() * (1 - _TRIMMED_SHARE)))
    limit = surprise.detach().flatten().kthvalue(kept).values
    chosen = (surprise.detach() <= limit).to(losses.dtype)
    return (losses * chosen).sum() / chosen.sum()


class PretrainTask(Task):
    """Masked prediction of tokens and of the density of their coordinates.

    Args:
        encoder: The network; what training delivers is ``task.encoder``.
    """

    unit = "windows"
    monitor = "loss"
    metric_names = (
        "loss", "token_nll", "density_nll", "gaussian_nll", "pointer_nll", "spectral_accuracy", "spatial_accuracy",
    )  # fmt: skip

    def __init__(self, encoder: HSIEncoderBERT) -> None:
        self.model = WindowObjective(encoder)
        self.encoder = encoder
        self._noted: list[Tensor] = []

    def training_step(self, batch: Any) -> Step:
        """Means over the hidden places."""
        parts = self.model(batch)
        metrics = {name: value.detach().mean() for name, value in parts.items() if name != "loss"}
        return Step(trimmed_mean(parts["loss"], parts["density_nll"]), len(batch["spectral"]), metrics)

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._noted = []

    def validation_step(self, batch: Any) -> None:
        """Note the means of each window."""
        parts = self.model(batch)
        self._noted.append(torch.stack([parts[name].float().mean(1) for name in self.metric_names], dim=1))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Means over all windows."""
        means = gather(torch.cat(self._noted)).mean(0)
        return {name: float(value) for name, value in zip(self.metric_names, means, strict=True)}
