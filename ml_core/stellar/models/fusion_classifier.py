"""`FusionModel` as training and prediction use a classifier: raw spectra and pictures in, calibrated answers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ml_core.stellar.models.augment import renoise, turn_pictures
from ml_core.stellar.models.fusion import FusionModel, FusionOutput
from ml_core.stellar.models.image_encoder import BACKBONES, Backbone, image_input
from ml_core.stellar.models.output import INPUTS, StarOutput
from ml_core.stellar.models.sic_loss import SICLoss
from ml_core.stellar.models.spectrum_encoder import spectrum_input
from ml_core.stellar.models.spectrum_novelty import SpectrumNovelty
from ml_core.stellar.models.temperature import fit_temperature
from ml_core.stellar.network_files import load_network, read_facts, write_network
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.weights.errors import WeightFileError

STEM: Final = "fusion"
_ANSWERS: Final = ("fused", "spectrum", "image")
_UNIFORM_VARIANCE: Final = 1.0 / 12.0
_CALIBRATION_BATCH: Final = 64
_LARGEST: Final = (4096, 128, 96)  # length of a token, heads, layers


@dataclass(frozen=True)
class FusionSettings:
    """What the network is and how it learns. ``pretrained`` is only looked at when it is built for training."""

    backbone: Backbone = "resnet152"
    pretrained: str = ""
    d_model: int = 512
    num_heads: int = 8
    num_layers: int = 8
    dropout: float = 0.1
    modality_dropout: float = 0.4
    sic_weight: float = 1.0
    sic_temperature: float = 0.07
    augment: bool = True


class FusionClassifier(nn.Module):
    """The specification's network and its losses.

    Args:
        settings: See `FusionSettings`.

    Raises:
        PretrainedError: The backbone's weights cannot be had.
    """

    temperature: Tensor

    def __init__(self, settings: FusionSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or FusionSettings()
        self.network = FusionModel(
            d_model=settings.d_model, num_heads=settings.num_heads, num_layers=settings.num_layers,
            dropout=settings.dropout, backbone=settings.backbone, pretrained=settings.pretrained,
        )  # fmt: skip
        self.sic = SICLoss(settings.sic_temperature, settings.sic_weight)
        self.novelty = SpectrumNovelty()
        self.register_buffer("temperature", torch.ones(len(_ANSWERS)))

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """What to add up and differentiate: cross-entropy with modalities dropped, and the contrast of both.

        Args:
            batch: `INPUTS` and ``label`` (N,) 0..4.
            generator: Source of all draws but dropout's; torch's own where it is left out.
        """
        flux, ivar, image = batch["flux"], batch["ivar"], batch["image"]
        if self.settings.augment:
            flux, ivar = renoise(flux, ivar, generator)
            image = turn_pictures(image, generator)
        tokens = self.network.encode(image_input(image), spectrum_input(flux, ivar))
        has_spectrum, has_image, label = batch["has_spectrum"], batch["has_image"], batch["label"]
        kept_spectrum, kept_image = self._drop(has_spectrum, has_image, generator)
        fused = self.network.fuse(tokens, kept_image, kept_spectrum)
        found = {"classification": functional.cross_entropy(fused.logits, label)}
        if self.settings.sic_weight:
            found["contrast"] = self.sic(fused.spectrum_global, fused.image_global, has_spectrum & has_image)
        return found

    def forward(
        self, flux: Tensor, ivar: Tensor, image: Tensor, photometry: Tensor, has_spectrum: Tensor, has_image: Tensor
    ) -> StarOutput:
        """Answer. Magnitudes are not looked at.

        Args:
            flux: (N, 3522) on the grid, in any unit.
            ivar: (N, 3522), 0 = not measured.
            image: (N, S, S, 3) of 0..255.
            photometry: (N, 5).
            has_spectrum: (N,) bool.
            has_image: (N,) bool.
        """
        fused, single = self._answers(flux, ivar, image, has_spectrum, has_image)
        probabilities = self._probabilities(fused.logits, 0)
        nothing = ~(has_spectrum | has_image)
        probabilities = torch.where(nothing.unsqueeze(1), 1.0 / len(CLASSES), probabilities)
        types = torch.arange(len(CLASSES), device=probabilities.device, dtype=probabilities.dtype)
        mean = probabilities @ types
        variance = (probabilities * (types - mean.unsqueeze(1)).square()).sum(1) + _UNIFORM_VARIANCE
        by_modality = {
            name: torch.where(
                present.unsqueeze(1), self._probabilities(single[name].logits, _ANSWERS.index(name)), torch.nan
            )
            for name, present in (("spectrum", has_spectrum), ("image", has_image))
        }
        return StarOutput(
            probabilities=probabilities, by_modality=by_modality, type_mean=mean, type_sd=variance.sqrt(),
            novelty=self._novelty(flux, ivar, has_spectrum, nothing), embedding=fused.cls.float(),
            weights=torch.full((len(flux), 3), torch.nan, device=flux.device),
        )  # fmt: skip

    def fit_front_end(
        self, arrays: Mapping[str, NDArray[Any]], progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Learn what spectra look like, to tell later what is unlike them; the network learns from the pixels."""
        self.novelty.fit(arrays)

    @torch.no_grad()
    def calibrate(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Soften over-confident answers by one temperature each, fitted on stars that were not trained on.

        Answers are never sharpened: stars of the same survey flatter a network.
        """
        was_training = self.training
        self.eval()
        collected: dict[str, list[Tensor]] = {name: [] for name in _ANSWERS}
        labels: dict[str, list[Tensor]] = {name: [] for name in _ANSWERS}
        for batch in self._batches(arrays):
            fused, single = self._answers(*(batch[name] for name in INPUTS if name != "photometry"))
            for name in _ANSWERS:
                present = batch["has_spectrum"] | batch["has_image"] if name == "fused" else batch[f"has_{name}"]
                present = present & (batch["label"] >= 0)
                collected[name].append((fused if name == "fused" else single[name]).logits.float()[present].cpu())
                labels[name].append(batch["label"][present].cpu())
        for number, name in enumerate(_ANSWERS):
            self.temperature[number] = fit_temperature(torch.cat(collected[name]), torch.cat(labels[name]))
        self.train(was_training)

    def save_pretrained(self, folder: Path) -> None:
        """Leave ``fusion.safetensors`` and ``fusion.json``."""
        write_network(folder, STEM, self, {"settings": asdict(self.settings) | {"pretrained": ""}})

    @classmethod
    def from_pretrained(cls, folder: Path) -> FusionClassifier:
        """Read what `save_pretrained` left.

        Raises:
            WeightFileError: A file is missing or damaged, or the network is for other classes or another grid.
            WeightMismatchError: The tensors do not fit the settings.
        """
        model = cls(_settings_from(read_facts(folder, STEM).get("settings")))
        load_network(folder, STEM, model)
        return model.eval()

    def _answers(
        self, flux: Tensor, ivar: Tensor, image: Tensor, has_spectrum: Tensor, has_image: Tensor
    ) -> tuple[FusionOutput, dict[str, FusionOutput]]:
        tokens = self.network.encode(image_input(image), spectrum_input(flux, ivar))
        nothing = torch.zeros_like(has_image)
        fused = self.network.fuse(tokens, has_image, has_spectrum)
        return fused, {
            "spectrum": self.network.fuse(tokens, nothing, has_spectrum),
            "image": self.network.fuse(tokens, has_image, nothing),
        }

    def _novelty(self, flux: Tensor, ivar: Tensor, has_spectrum: Tensor, nothing: Tensor) -> Tensor:
        """By the spectrum; a star without one is taken for what its picture says, and one without anything for none."""
        found: Tensor = self.novelty(flux, torch.where(has_spectrum.unsqueeze(1), ivar, 0.0))
        return torch.where(nothing, 1.0, torch.where(has_spectrum, found, 0.0))

    def _probabilities(self, logits: Tensor, answer: int) -> Tensor:
        return (logits.float() / self.temperature[answer]).softmax(1)

    def _drop(
        self, has_spectrum: Tensor, has_image: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Take one modality from some stars that have both."""
        drawn = torch.rand(len(has_image), generator=generator, device=has_image.device)
        both, share = has_spectrum & has_image, self.settings.modality_dropout / 2
        return has_spectrum & ~(both & (drawn < share)), has_image & ~(both & (drawn > 1 - share))

    def _batches(self, arrays: Mapping[str, NDArray[Any]]) -> Iterator[dict[str, Tensor]]:
        device = self.temperature.device
        names = {"photometry": "magnitudes"}
        for start in range(0, len(arrays["label"]), _CALIBRATION_BATCH):
            yield {
                name: torch.from_numpy(np.array(arrays[names.get(name, name)][start : start + _CALIBRATION_BATCH])).to(
                    device
                )
                for name in (*INPUTS, "label")
            }


def _settings_from(given: object) -> FusionSettings:
    """Settings from a file; sizes are bounded, because a file from elsewhere could ask for all memory."""
    try:
        settings = FusionSettings(**given)  # type: ignore[arg-type]  # whatever the file holds
        sizes = (settings.d_model, settings.num_heads, settings.num_layers)
        is_sound = settings.backbone in BACKBONES and all(
            0 < size <= limit for size, limit in zip(sizes, _LARGEST, strict=True)
        )
    except TypeError:
        is_sound = False
    if not is_sound:
        raise WeightFileError(
            f"{STEM}.json does not describe a fusion network.", where=f"{STEM}.json",
            hint="Use the folder as the training left it, or train again.",
        )  # fmt: skip
    return settings
