"""New images of a character from a trained generator: by seed, more or less daring, and between two seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ml_core.anime.errors import RecogniserError
from ml_core.anime.generate.judging import Nearest, nearest_of
from ml_core.anime.generate.networks import NOISE, Generator
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser
from ml_core.run.files import write_json_atomic
from ml_core.run.seeds import mix
from ml_core.weights.errors import WeightFileError, WeightMismatchError

TENSORS: Final = "generator.safetensors"
FACTS: Final = "generator.json"
_FORMAT: Final = 1
_MAX_FACTS_BYTES: Final = 64 * 2**20
_GENERATOR: Final = "generator."
_KNOWN: Final = "known"


def noise_of(seeds: Iterable[int]) -> Tensor:
    """(N, NOISE) normal noise; a seed gives the same on every machine, whatever other seeds are asked for."""
    drawn = [torch.randn(NOISE, generator=torch.Generator().manual_seed(mix(seed, "noise"))) for seed in seeds]
    return torch.stack(drawn)


def between(first: Tensor, second: Tensor, share: float) -> Tensor:
    """A point of the arc from one noise (NOISE,) to another: a straight line would pass through duller images."""
    lengths = first.norm(), second.norm()
    a, b = first / lengths[0], second / lengths[1]
    angle = torch.arccos((a @ b).clamp(-1, 1))
    if float(angle.sin()) < 1e-4:
        return torch.lerp(first, second, share)
    turned = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
    point: Tensor = turned * torch.lerp(lengths[0], lengths[1], share)
    return point


@torch.no_grad()
def paint(generator: Generator, noise: Tensor) -> Tensor:
    """(N, NOISE) to uint8 images (N, 3, S, S), one by one: an image must not depend on its company's number."""
    label = torch.zeros(1, dtype=torch.int64)
    painted = torch.cat([generator(row[None], label) for row in noise])
    return (painted.clamp(0, 1) * 255).round().to(torch.uint8)


def save_sampler(folder: Path, generator: Generator, known: Tensor, facts: dict[str, Any]) -> list[str]:
    """Write generator and the descriptions of its training images; returns the names of the files, tensors first.

    Args:
        folder: Exists.
        generator: What was trained.
        known: (2M, D) descriptions of the training images, and then of their mirror images.
        facts: ``character``, ``paths`` of the training images, ``copy_distance``, and whatever else is to be told.
    """
    tensors = {f"{_GENERATOR}{name}": value for name, value in generator.state_dict().items()} | {_KNOWN: known.half()}
    safetensors.torch.save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, folder / TENSORS)
    shape = {"size": generator.size, "channels": generator.channels, "classes": generator.classes}
    write_json_atomic(folder / FACTS, {"format": _FORMAT, "kind": "anime.generator", "generator": shape, **facts})
    return [TENSORS, FACTS]


class Sampler:
    """Paints from a weight folder of ``anime.generator``.

    Attributes:
        characters: Names that can be asked for.
        size: Pixels of a side.

    Raises:
        WeightFileError: A file is missing, damaged or of another kind.
        WeightMismatchError: Files do not belong together.
    """

    def __init__(self, folder: Path) -> None:
        facts = _read_facts(folder / FACTS)
        try:
            self._character = str(facts["character"])
            self._paths = [str(path) for path in facts["paths"]]
            self._copy_distance = float(facts["copy_distance"])
            shape = facts["generator"]
            self._generator = Generator(int(shape["classes"]), int(shape["size"]), list(shape["channels"])).eval()
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(FACTS) from error
        self._known = self._load_tensors(folder / TENSORS)
        self._second: Recogniser = load_recogniser(folder)
        if self._character not in self._second.characters or self._known.shape[1] != self._second.describer.length:
            raise _mismatch()
        self.characters = [self._character]
        self.size = self._generator.size

    def images(self, character: str, seeds: Iterable[int], truncation: float = 1.0) -> Tensor:
        """uint8 (N, 3, S, S), one for each seed.

        Args:
            character: Whom to paint.
            seeds: The same seed gives the same image.
            truncation: Scales the noise: less than 1 is more usual and less varied.

        Raises:
            RecogniserError: ``anime.no_such_character``.
        """
        self.check(character)
        return paint(self._generator, noise_of(seeds) * truncation)

    def interpolate(self, a: int, b: int, steps: int, truncation: float = 1.0) -> Tensor:
        """uint8 (steps, 3, S, S) from seed ``a`` to seed ``b``, both included."""
        first, second = noise_of([a, b])
        shares = torch.linspace(0, 1, steps).tolist()
        return paint(self._generator, torch.stack([between(first, second, share) for share in shares]) * truncation)

    def look(self, images: Tensor) -> list[tuple[float, bool, Nearest]]:
        """For each image what the second classifier gives to the character, whether that is its first answer, and the
        training image that is most like it."""
        described = self._second.describer.describe(images)
        answers = self._second.answer(images, self._second.metric(described)).probabilities
        label = self._second.characters.index(self._character)
        nearest = nearest_of(described, self._known, self._paths, self._copy_distance)
        agreed = (answers.argmax(1) == label).tolist()
        return list(zip(answers[:, label].tolist(), agreed, nearest, strict=True))

    def check(self, character: str) -> None:
        """Refuse a character that this generator was not trained to paint.

        Raises:
            RecogniserError: ``anime.no_such_character``.
        """
        if character not in self.characters:
            raise RecogniserError(
                f'This generator does not paint "{character}".',
                code="anime.no_such_character",
                hint=f"It paints {', '.join(self.characters)}.",
                where="character",
            )

    def _load_tensors(self, path: Path) -> Tensor:
        try:
            tensors = safetensors.torch.load_file(path)
        except (OSError, safetensors.SafetensorError) as error:
            raise _damaged(path.name) from error
        try:
            own = {k.removeprefix(_GENERATOR): v for k, v in tensors.items() if k.startswith(_GENERATOR)}
            self._generator.load_state_dict(own)
            known = tensors[_KNOWN].float()
        except (RuntimeError, KeyError) as error:
            raise _mismatch() from error
        if known.ndim != 2 or len(known) != 2 * len(self._paths):
            raise _mismatch()
        return known


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_FACTS_BYTES:
            raise _damaged(path.name)
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path.name) from error
    if not isinstance(facts, dict) or facts.get("kind") != "anime.generator" or facts.get("format") != _FORMAT:
        raise _damaged(path.name)
    return facts


def _damaged(name: str) -> WeightFileError:
    return WeightFileError(
        f"{name} is missing or damaged.", hint="Use the folder as the training left it, or train again.", where=name
    )


def _mismatch() -> WeightMismatchError:
    return WeightMismatchError(
        "The tensors do not fit what is described beside them.",
        hint="Use the folder as the training left it.",
        where=TENSORS,
    )
