"""One step of the two networks, and the judgement after each epoch.

The generator's loss has the three parts of the specification, with its weights. **Adversarial** and **class** loss are
asked of images from fresh noise. The **perceptual** loss is asked of *repainted* images: each training image has a
code, a point in the space of noise, and the image painted from near that code is compared with this one image
(P. Bojanowski et al., "Optimizing the latent space of generative networks", ICML 2018). Compared with an image drawn by
chance, as the specification may be read, a weight of 10 pulls every painted image to the mean of all. With one code for
one image it cannot. Codes begin as the principal components of small versions of the images, so that what looks alike
lies together from the start, and move a little. They are brought to mean 0 and deviation 1 before they are used, so
that fresh noise falls among them, and noise is mixed in, so that no code stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.generate.augment import augment
from ml_core.anime.generate.guide import Features, perceptual_distance
from ml_core.anime.generate.judging import Judge
from ml_core.anime.generate.networks import NOISE, Discriminator, Generator
from ml_core.engine.task import Gather, ParameterGroup, Step, Task

_MIXED_IN: Final = 0.4  # share of a code's deviation that is fresh noise
_THUMB: Final = 32  # pixels of a side of the images that the codes begin with
COLLAPSED_BELOW: Final = 0.1  # diversity of samples over that of real images
_COLLAPSED_EPOCHS: Final = 3  # in a row


class Pair(nn.Module):
    """Generator, discriminator and the codes of the training images.

    Args:
        size: Pixels of a side.
        channels: Of both networks, coarsest first.
        images: (N, 3, S, S) uint8, the training images.
    """

    def __init__(self, size: int, channels: list[int], images: Tensor) -> None:
        super().__init__()
        self.generator = Generator(1, size, channels)
        self.discriminator = Discriminator(1, size, channels)
        self.codes = nn.Parameter(first_codes(images))

    def code(self, rows: Tensor) -> Tensor:
        """(N, NOISE) codes of training images."""
        centred = self.codes - self.codes.mean(0)
        found: Tensor = (centred / (centred.pow(2).mean(0).sqrt() + 1e-6))[rows]
        return found

    def forward(self, noise: Tensor) -> Tensor:
        """(N, NOISE) to images (N, 3, size, size), mostly within 0..1."""
        labels = torch.zeros(len(noise), dtype=torch.int64, device=noise.device)
        painted: Tensor = self.generator(noise, labels)
        return painted


def first_codes(images: Tensor) -> Tensor:
    """(N, NOISE) principal components of uint8 images, of unit deviation; what few images lack is drawn."""
    small = functional.interpolate(images.float() / 255, size=(_THUMB, _THUMB), mode="area").flatten(1)
    components, strengths, _ = torch.linalg.svd(small - small.mean(0), full_matrices=False)
    kept = min(NOISE, int((strengths > 1e-4 * strengths[0].clamp(min=1e-6)).sum()))
    drawn = torch.randn(len(images), NOISE - kept)
    return torch.cat([components[:, :kept] * len(images) ** 0.5, drawn], dim=1)


class SubjectData:
    """(images, positions) for the fit loop: float32 (N, 3, S, S) of 0..1, int64 (N,); an epoch has a number of steps.

    Args:
        images: (M, 3, S, S) uint8.
        length: Samples of an epoch; images come again and again.
    """

    prefers_workers = False

    def __init__(self, images: Tensor, length: int) -> None:
        self._images = images.float() / 255
        self._length = length

    def __len__(self) -> int:
        return self._length

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[Tensor, Tensor]:
        """See the class; the start moves on with the epochs, so that all images are seen equally often."""
        rows = (torch.as_tensor(indices) + epoch * self._length) % len(self._images)
        return self._images[rows].contiguous(memory_format=torch.channels_last), rows

    def item_name(self, index: int) -> str:
        """The position."""
        return f"image {index % len(self._images)}"


class GeneratorTask(Task):
    """See the module's text.

    Args:
        pair: What learns.
        network: The frozen classifier.
        label: Of the character, for it.
        features: Frozen, of the perceptual loss.
        weights: Of the adversarial, the class and the perceptual loss.
        repaint_steps: Steps at the beginning in which only repainting is learnt: they cost a quarter of the others, and
            a discriminator has nothing to say about images that are all blur.
        judge: Judges the samples of each epoch.
        show: Called with the samples of an epoch (N, 3, S, S) uint8 and the number of steps done.
    """

    unit = "images"
    monitor = "description_distance"
    metric_names = ("agreement", "diversity", "memorised", "description_distance", "grid_artefact", "sharpness")

    def __init__(
        self,
        pair: Pair,
        network: CharacterNetwork,
        label: int,
        features: Features,
        weights: tuple[float, float, float],
        repaint_steps: int,
        judge: Judge,
        show: Callable[[Tensor, int], None],
    ) -> None:
        self.model: nn.Module = pair
        self._pair = pair
        self._network, self._label, self._features = network, label, features
        self._adversarial, self._class, self._perceptual = weights
        self._repaint_steps = repaint_steps
        self._judge, self._show = judge, show
        self._steps = 0
        self._flat_epochs = 0
        self._painted: list[Tensor] = []

    @property
    def wants_stop(self) -> bool:
        """Whether the samples have been all but equal for some epochs."""
        return self._flat_epochs >= _COLLAPSED_EPOCHS

    def state(self) -> dict[str, Any]:
        """Steps done, and epochs without variety."""
        return {"steps": self._steps, "flat_epochs": self._flat_epochs}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what ``state`` gave."""
        self._steps, self._flat_epochs = state["steps"], state["flat_epochs"]

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """The discriminator goes first in each step."""
        pair = self._pair
        return {
            "discriminator": [ParameterGroup(list(pair.discriminator.parameters()))],
            "generator": [
                ParameterGroup(list(pair.generator.parameters())),
                ParameterGroup([pair.codes]),
            ],
        }

    def training_step(self, batch: Any) -> Step:
        """There is no step of both at once."""
        raise NotImplementedError("The two networks take their steps in turn.")

    def part_step(self, part: str, batch: Any) -> Step:
        """Loss of one of the two networks for a batch of `SubjectData`."""
        images, rows = batch
        repaints_only = self._steps < self._repaint_steps
        if part == "discriminator":
            return _rest(images) if repaints_only else self._critic_step(images)
        self._steps += 1
        return self._repaint_step(images, rows) if repaints_only else self._painter_step(images, rows)

    def _critic_step(self, images: Tensor) -> Step:
        """Hinge loss on augmented real and painted images."""
        pair = self._pair
        labels = torch.zeros(len(images), dtype=torch.int64, device=images.device)
        with torch.no_grad():
            painted = pair(torch.randn(len(images), NOISE).to(images.device))
        real = pair.discriminator(augment(images), labels)
        fake = pair.discriminator(augment(painted), labels)
        loss = functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
        return Step(loss, len(images), {"real": real.detach().mean(), "painted": fake.detach().mean()})

    def _repaint_step(self, images: Tensor, rows: Tensor) -> Step:
        """The perceptual loss alone."""
        repainted = self._pair(self._near(rows, torch.randn(len(images), NOISE).to(images.device)))
        likeness = perceptual_distance(self._features, repainted, images)
        return Step(self._perceptual * likeness, len(images), {"perceptual": likeness.detach()})

    def _near(self, rows: Tensor, fresh: Tensor) -> Tensor:
        """Codes of training images with fresh noise in them, of unit deviation again."""
        near: Tensor = (1 - _MIXED_IN**2) ** 0.5 * self._pair.code(rows) + _MIXED_IN * fresh
        return near

    def _painter_step(self, images: Tensor, rows: Tensor) -> Step:
        """All three parts of the loss."""
        pair = self._pair
        count = len(images)
        fresh = torch.randn(2 * count, NOISE).to(images.device)
        repainted, painted = pair(torch.cat([self._near(rows, fresh[:count]), fresh[count:]])).split(count)
        labels = torch.zeros(count, dtype=torch.int64, device=images.device)
        adversarial = -pair.discriminator(augment(painted), labels).mean()
        likeness = perceptual_distance(self._features, repainted, images)
        asked = painted[: -(-count // 2)]  # the classifier costs as much as everything else, and half tells it too
        seen = functional.interpolate(asked, size=(self._network.size,) * 2, mode="bilinear", align_corners=False)
        named = functional.cross_entropy(self._network(seen).float(), labels[: len(asked)] + self._label)
        loss = self._adversarial * adversarial + self._class * named + self._perceptual * likeness
        parts = {"adversarial": adversarial, "class": named, "perceptual": likeness}
        return Step(loss, count, {name: value.detach() for name, value in parts.items()})

    def begin_validation(self) -> None:
        """Forget the last one."""
        self._painted.clear()

    def validation_step(self, batch: Any) -> None:
        """Paint from a batch of fixed noise."""
        (noise,) = batch
        self._painted.append(as_pixels(self.model(noise)))

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """Judge the samples, show them, and note whether they have lost their variety."""
        samples = gather(torch.cat(self._painted)).cpu()
        scores = self._judge(samples).scores
        self._flat_epochs = self._flat_epochs + 1 if scores["diversity"] < COLLAPSED_BELOW else 0
        self._show(samples, self._steps)
        return {name: scores[name] for name in self.metric_names}


def _rest(images: Tensor) -> Step:
    """A step that moves nothing: parameters without a gradient are passed over by their optimizer."""
    return Step(torch.zeros((), device=images.device, requires_grad=True), len(images))


def as_pixels(images: Tensor) -> Tensor:
    """Painted images as uint8."""
    return (images.float().clamp(0, 1) * 255).round().to(torch.uint8)
