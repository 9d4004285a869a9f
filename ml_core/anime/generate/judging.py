"""What painted images are worth, judged by what took no part in the training's loss.

The second classifier knows colours and textures (`describe`, `recognise`) and nothing of the network that guided the
generator. Distances are those between its descriptions; they are no "FID", which is defined on another network.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from ml_core.anime.generate.spectrum import grid_artefact, sharpness
from ml_core.anime.recognise.recogniser import Recogniser

NEAR_QUANTILE: Final = (
    0.05  # of the distances between real images and their nearest: below it a sample counts as a copy
)
ENOUGH_AGREEMENT: Final = 0.8
ENOUGH_DIVERSITY: Final = 0.5
GRID_LIMIT: Final = 3.0  # times the peak of real images
_THUMB: Final = 16


@dataclass(frozen=True)
class Nearest:
    """The training image that a sample is most like.

    Attributes:
        sample: Position of the sample.
        path: Of the training image.
        distance: Between their descriptions.
        is_mirrored: The mirror image is what is near.
        is_copy: It is nearer than real images are to each other.
    """

    sample: int
    path: str
    distance: float
    is_mirrored: bool
    is_copy: bool


@dataclass(frozen=True)
class Judgement:
    """About one set of samples of one character.

    Attributes:
        agreement: Share of samples that the second classifier takes for the character.
        confidence: (N,) probability that it gives to the character.
        agreed: (N,) whether the character is its first answer.
        diversity: Mean distance between samples over that between real images: the lesser of the next two.
        diversity_of_descriptions: By descriptions.
        diversity_of_colours: By thumbnails of 16 pixels.
        nearest: One entry for each sample.
        memorised: Share of samples that count as copies.
        copy_distance: The distance below which they do.
        description_distance: Energy distance between descriptions of samples and of real images (G. Szekely and
            M. Rizzo, 2013): 0 for equal distributions. The checkpoint with the least is delivered.
        grid_artefact: See `grid_artefact`.
        sharpness: See `sharpness`.
    """

    agreement: float
    confidence: list[float]
    agreed: list[bool]
    diversity: float
    diversity_of_descriptions: float
    diversity_of_colours: float
    nearest: list[Nearest]
    memorised: float
    copy_distance: float
    description_distance: float
    grid_artefact: float
    sharpness: float

    @property
    def scores(self) -> dict[str, float]:
        """The numbers of the whole set."""
        return {name: float(value) for name, value in asdict(self).items() if isinstance(value, int | float)}

    @property
    def fulfilled(self) -> dict[str, bool]:
        """Which of the goals are reached."""
        return {
            "agreement": self.agreement >= ENOUGH_AGREEMENT,
            "diversity": self.diversity >= ENOUGH_DIVERSITY,
            "no_copies": self.memorised == 0,
            "no_grid": self.grid_artefact <= GRID_LIMIT,
        }

    def as_json(self) -> dict[str, Any]:
        """Everything but what is told of each sample, and the goals."""
        return {**self.scores, "fulfilled": self.fulfilled, "nearest": [asdict(near) for near in self.nearest]}


class Judge:
    """Compares samples with the real images of a character.

    Args:
        second: The second classifier; its network, if any, is not asked.
        character: Its name for the character.
        images: (N, 3, S, S) uint8, real images in the size of the samples.
        paths: Of the real images.
        groups: (N,) numbers that copies of one image share.
    """

    def __init__(self, second: Recogniser, character: str, images: Tensor, paths: list[str], groups: Tensor) -> None:
        self._second = Recogniser(
            second.characters, second.describer, second.metric, second.exemplars, second.calibration
        )
        self._label = second.characters.index(character)
        self._images, self._paths = images, paths
        described = second.describer.describe(torch.cat([images, images.flip(3)]))
        self.real, self.known = described[: len(images)], described
        self.copy_distance = _copy_distance(self.real, self.known, groups)

    def __call__(self, samples: Tensor) -> Judgement:
        """Judge (N, 3, S, S) uint8 samples."""
        described = self._second.describer.describe(samples)
        answers = self._second.answer(samples, self._second.metric(described)).probabilities
        agreed = answers.argmax(1) == self._label
        nearest = nearest_of(described, self.known, self._paths, self.copy_distance)
        by_descriptions = _spread(described) / max(_spread(self.real), 1e-9)
        by_colours = _spread(_thumbs(samples)) / max(_spread(_thumbs(self._images)), 1e-9)
        return Judgement(
            agreement=float(agreed.mean()),
            confidence=[round(float(value), 6) for value in answers[:, self._label]],
            agreed=[bool(value) for value in agreed],
            diversity=min(by_descriptions, by_colours),
            diversity_of_descriptions=by_descriptions,
            diversity_of_colours=by_colours,
            nearest=nearest,
            memorised=sum(near.is_copy for near in nearest) / len(nearest),
            copy_distance=self.copy_distance,
            description_distance=energy_distance(described, self.real),
            grid_artefact=grid_artefact(samples, self._images),
            sharpness=sharpness(samples, self._images),
        )


def nearest_of(described: Tensor, known: Tensor, paths: list[str], copy_distance: float) -> list[Nearest]:
    """For each of (N, D) descriptions the nearest of the training images.

    Args:
        described: Of samples.
        known: (2M, D) of the training images, and then of their mirror images.
        paths: Of the M training images.
        copy_distance: Below it a sample counts as a copy.
    """
    distances, places = torch.cdist(described, known).min(1)
    return [
        Nearest(sample, paths[place % len(paths)], round(distance, 6), place >= len(paths), distance < copy_distance)
        for sample, (distance, place) in enumerate(zip(distances.tolist(), places.tolist(), strict=True))
    ]


def energy_distance(first: Tensor, second: Tensor) -> float:
    """Between two sets of vectors, (N, D) and (M, D); 0 for equal distributions."""
    between = float(torch.cdist(first, second).mean())
    return 2 * between - _spread(first) - _spread(second)


def _copy_distance(real: Tensor, known: Tensor, groups: Tensor) -> float:
    """The quantile of the distances from real images to their nearest, copies and own mirror images left out."""
    distances = torch.cdist(real, known).masked_fill(groups[:, None] == torch.cat([groups, groups])[None], torch.inf)
    return float(torch.quantile(distances.min(1).values, NEAR_QUANTILE))


def _spread(vectors: Tensor) -> float:
    """Mean distance of two different ones."""
    count = len(vectors)
    return float(torch.cdist(vectors, vectors).sum() / max(1, count * (count - 1)))


def _thumbs(images: Tensor) -> Tensor:
    return functional.interpolate(images.float() / 255, size=(_THUMB, _THUMB), mode="area").flatten(1)
