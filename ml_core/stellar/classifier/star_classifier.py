"""`StarClassifier`: what the product recommends for M0..M4 from spectrum, picture and catalogue, or any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple, Self, cast, get_args

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.stellar.classifier.augment import Warp, renoise, warp
from ml_core.stellar.classifier.bands import BANDS, WIDE_BANDS, BroadBands
from ml_core.stellar.classifier.components import Coefficients, WeightedComponents
from ml_core.stellar.classifier.familiarity import Familiarity
from ml_core.stellar.classifier.gate import SOURCES, Fused, Gate, SpectrumAnswer, answer_of_members
from ml_core.stellar.classifier.head import TypeEstimate
from ml_core.stellar.classifier.image_branch import EMBEDDING, FEATURES, ImageHead, middle
from ml_core.stellar.classifier.members import Cues, SpectrumMember
from ml_core.stellar.classifier.novelty_sources import NoveltyOfStars
from ml_core.stellar.classifier.photometry import PhotometryHead, drop_bands
from ml_core.stellar.classifier.prepared import PreparedStars, from_mapping, gather, prepare
from ml_core.stellar.classifier.settings import MemberKind, StarClassifierSettings
from ml_core.stellar.classifier.spectrum_input import BinnedSpectra, median_sn
from ml_core.stellar.models.augment import turn_pictures
from ml_core.stellar.models.output import StarOutput
from ml_core.stellar.models.sic_loss import SICLoss
from ml_core.stellar.network_files import load_network, read_facts, write_network
from ml_core.weights.errors import WeightFileError

STEM: Final = "classifier"
_SHARED: Final = 32
#: Seed of the noisier copies by which the front end learns what noise does to its numbers.
_COPIES_SEED: Final = 20
_COPIES: Final = 3


class Seen(NamedTuple):
    """What was made of the spectra: coefficients, and the members' cues."""

    coefficients: Coefficients
    cues: Cues


class Sources(NamedTuple):
    """What is known of N stars: arguments of `Gate.forward`, then what else came up on the way."""

    spectrum: SpectrumAnswer
    image: TypeEstimate
    photometry: TypeEstimate
    present: Tensor
    familiar: Tensor
    seen: Seen
    embedded: Tensor


class StarClassifier(nn.Module):
    """Members on the spectrum, a head on the picture, one on the colours, and a gate over them.

    The parameters of members and heads are disjoint, so that one fit loop trains all of them at once. Every head
    answers with a normal distribution over one continuous type; see `ordinal` for why.

    Args:
        settings: See `StarClassifierSettings`.
    """

    def __init__(self, settings: StarClassifierSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or StarClassifierSettings()
        self.components = WeightedComponents(settings.components)
        self.bands, self.wide_bands = BroadBands(BANDS), BroadBands(WIDE_BANDS)
        self.members = nn.ModuleList(SpectrumMember(kind, settings) for kind in settings.members)
        self.familiarity = Familiarity()
        self.image = ImageHead()
        self.photometry = PhotometryHead()
        self.gate = Gate()
        self.novelty = NoveltyOfStars(settings.components, FEATURES)
        self.shared_spectrum = nn.Linear(2 * settings.components, _SHARED)
        self.shared_image = nn.Linear(EMBEDDING, _SHARED)
        self.sic = SICLoss(settings.sic_temperature, settings.sic_weight)

    def forward(
        self, flux: Tensor, ivar: Tensor, image: Tensor, photometry: Tensor, has_spectrum: Tensor, has_image: Tensor
    ) -> StarOutput:
        """Answer.

        Args:
            flux: (N, 3522) on the grid, in any unit.
            ivar: (N, 3522), 0 = not measured.
            image: (N, S, S, 3) of 0..255, the star in the middle.
            photometry: (N, 5) magnitudes u, g, r, i, z, NaN = unknown; u is not looked at.
            has_spectrum: (N,) bool.
            has_image: (N,) bool.
        """
        return self.evaluate(prepare(flux, ivar, image, photometry, has_spectrum, has_image))

    def evaluate(self, stars: PreparedStars) -> StarOutput:
        """Answer about prepared stars."""
        spectrum, image, photometry, present, familiar, seen, embedded = self._sources(stars)
        fused: Fused = self.gate(spectrum, image, photometry, present, familiar)
        found = (spectrum.probabilities, image.probabilities(), photometry.probabilities())
        by_modality = {
            name: torch.where(present[:, column : column + 1], probabilities, torch.nan)
            for column, (name, probabilities) in enumerate(zip(SOURCES, found, strict=True))
        }
        measured = embedded[:, -FEATURES:]
        novelty = self.novelty(stars.spectra, seen.coefficients, stars.photometry, measured, present)
        return StarOutput(
            probabilities=fused.probabilities, by_modality=by_modality, type_mean=fused.mean, type_sd=fused.deviation,
            novelty=novelty, embedding=self._embedding(seen.coefficients, fused, measured, present),
            weights=fused.weights,
        )  # fmt: skip

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator | None = None) -> dict[str, Tensor]:
        """What to add up and differentiate, by member.

        Args:
            batch: What `forward` takes, and ``label`` (N,); stars without a label are left out.
            generator: Source of all draws but dropout's; torch's own where it is left out.
        """
        known = batch["label"] >= 0
        stars, label = from_mapping(batch).rows(known), batch["label"][known]
        plain, varied = self._views(stars.spectra, generator)
        usable = stars.has_spectrum
        found: dict[str, Tensor] = {}
        for number, member in enumerate(self._members()):
            estimate: TypeEstimate = member(plain.cues if member.plain else varied)
            found[f"spectrum_{number}"] = estimate.rows(usable).loss(label[usable])
        magnitudes = stars.photometry
        if self.settings.augment:
            magnitudes = drop_bands(magnitudes, self.settings.modality_dropout, generator)
        photometry, coloured = self.photometry(magnitudes), self.photometry.usable(magnitudes)
        found["photometry"] = photometry.rows(coloured).loss(label[coloured])
        first = slice(0, self.settings.image_stars)
        pictures, has_image = stars.image[first], stars.has_image[first]
        embedded = self.image.embed(middle(turn_pictures(pictures, generator) if self.settings.augment else pictures))
        image = self.image.estimate(embedded)
        found["image"] = image.rows(has_image).loss(label[first][has_image])
        if self.settings.sic_weight:
            tokens = plain.cues.components[first]
            found["contrast"] = self.sic(
                self.shared_spectrum(tokens), self.shared_image(embedded), usable[first] & has_image
            )
        return found

    @torch.no_grad()
    def fit_front_end(
        self, arrays: Mapping[str, NDArray[Any]], progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Find components, scales and limits from the training stars; no random number that is not seeded.

        Args:
            arrays: Of the training stars alone.
            progress: Called with (steps done, steps in all).
        """
        told = progress or (lambda done, total: None)
        stars, labels = gather(arrays)
        told(1, 4)
        clean = stars.spectra.rows(stars.has_spectrum)
        if len(clean.flux):
            self.components.fit(clean)
            self.bands.fit(self.components.centre)
            self.wide_bands.fit(self.components.centre)
        told(2, 4)
        generator = torch.Generator().manual_seed(_COPIES_SEED)
        copies = [clean, *(renoise(clean, generator) for _ in range(_COPIES))]
        noisy = BinnedSpectra(*(torch.cat(values) for values in zip(*copies, strict=True)))
        seen = self._see(noisy)
        if len(clean.flux):
            for member in self._members():
                member.standardise(seen.cues)
        if bool(stars.has_image.any()):
            self.image.standardise(stars.image[stars.has_image])
        self.photometry.standardise(stars.photometry)
        told(3, 4)
        measured = self.image.measure(middle(stars.image))
        sn = median_sn(noisy)
        self.novelty.fit_spectrum(noisy, seen.coefficients, labels[stars.has_spectrum].repeat(len(copies)))
        distance = self.novelty.spectrum.distance(seen.coefficients.mean, seen.coefficients.covariance)
        self.familiarity.fit(seen.coefficients.misfit, distance, sn)
        self.novelty.fit_others(stars.photometry, measured, self._present(stars), labels)
        told(4, 4)

    @torch.no_grad()
    def calibrate(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Choose how far picture and colours are believed beside the spectrum.

        No temperature is fitted: a validation set of the same survey would sharpen answers that are just right on
        stars of another kind.

        Args:
            arrays: Of stars that were not trained on.
        """
        was_training = self.training
        self.eval()
        stars, labels = gather(arrays)
        known = labels >= 0
        if bool(known.any()):
            found = self._sources(stars.rows(known))
            self.gate.calibrate(*found[:5], labels[known])
        self.train(was_training)

    def save_pretrained(self, folder: Path) -> None:
        """Leave ``classifier.safetensors`` and ``classifier.json``."""
        write_network(folder, STEM, self, {"settings": asdict(self.settings)})

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """The classifier of a folder, in evaluation mode.

        Raises:
            WeightFileError: A file is missing or damaged, or is for other classes or another grid.
            WeightMismatchError: The tensors do not fit the settings.
        """
        model = cls(read_settings(read_facts(folder, STEM), f"{STEM}.json"))
        load_network(folder, STEM, model)
        return model.eval()

    def _sources(self, stars: PreparedStars) -> Sources:
        seen = self._see(stars.spectra)
        familiar = self._familiar(seen.coefficients, median_sn(stars.spectra))
        members = self._members()
        spectrum = answer_of_members(
            [member(seen.cues) for member in members], [member.plain for member in members], familiar
        )
        embedded = self.image.embed(middle(stars.image))
        photometry = self.photometry(stars.photometry)
        return Sources(
            spectrum, self.image.estimate(embedded), photometry, self._present(stars), familiar, seen, embedded
        )

    def _views(self, spectra: BinnedSpectra, generator: torch.Generator | None) -> tuple[Seen, Cues]:
        """What is seen of noisier spectra, and the cues of spectra that vary besides."""
        if not self.settings.augment:
            seen = self._see(spectra)
            return seen, seen.cues
        noisy = renoise(spectra, generator)
        calibration, depth = self.settings.calibration, self.settings.depth
        warped = renoise(warp(spectra, Warp(calibration, depth), generator), generator)
        wild = renoise(warp(spectra, Warp(2 * calibration, 2 * depth), generator), generator)
        with torch.no_grad():
            tokens = self.components(warped).tokens()
            varied = Cues(tokens, self.bands(wild), self.wide_bands(wild))
        return self._see(noisy), varied

    @torch.no_grad()
    def _see(self, spectra: BinnedSpectra) -> Seen:
        coefficients = self.components(spectra)
        cues = Cues(coefficients.tokens(), self.bands(spectra), self.wide_bands(spectra))
        return Seen(coefficients, cues)

    @torch.no_grad()
    def _familiar(self, coefficients: Coefficients, sn: Tensor) -> Tensor:
        distance = self.novelty.spectrum.distance(coefficients.mean, coefficients.covariance)
        familiar: Tensor = self.familiarity(coefficients.misfit, distance, sn)
        return familiar

    def _members(self) -> list[SpectrumMember]:
        return [cast(SpectrumMember, member) for member in self.members]

    def _present(self, stars: PreparedStars) -> Tensor:
        """(N, sources)."""
        return torch.stack([stars.has_spectrum, stars.has_image, self.photometry.usable(stars.photometry)], 1)

    def _embedding(self, coefficients: Coefficients, fused: Fused, measured: Tensor, present: Tensor) -> Tensor:
        """Where a star stands among others: its type, its components, the look of its picture."""
        spread = (measured - self.image.head.centre[-FEATURES:]) / self.image.head.scale[-FEATURES:]
        picture = torch.where(present[:, 1:2], spread[:, :3].clamp(-4, 4), 0.0)
        return torch.cat([2 * fused.mean.unsqueeze(1), coefficients.mean / 2, picture / 4], 1)


def read_settings(facts: Mapping[str, Any], where: str) -> StarClassifierSettings:
    """Settings as `StarClassifier.save_pretrained` wrote them.

    Raises:
        WeightFileError: They are none.
    """
    try:
        given = dict(facts["settings"])
        settings = StarClassifierSettings(**given | {"members": tuple(given["members"])})
        if not set(settings.members) <= set(get_args(MemberKind)):
            raise ValueError(settings.members)
        StarClassifier(settings)
    except (TypeError, KeyError, ValueError, RuntimeError) as error:
        raise WeightFileError(
            f"{where} does not describe a classifier.",
            hint="Use the folder as the training left it, or train again.", where=where,
        ) from error  # fmt: skip
    return settings
