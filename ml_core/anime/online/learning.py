"""Characters added to a trained recogniser, one after another, without forgetting and without training again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ml_core.anime.collection.copies import find_copies
from ml_core.anime.collection.square import Fit, side_for, square_picture
from ml_core.anime.errors import RecogniserError
from ml_core.anime.online.feature_db import FeatureDatabase, Neighbour
from ml_core.anime.online.learning_curve import Confusable, NewCharacter, Point
from ml_core.anime.recognise.recogniser import Answer, Exemplars, Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts, save_recogniser, space_of
from ml_core.data.manifest import Reject
from ml_core.errors import CodedError
from ml_core.run.files import write_json_atomic

ImageSource = str | Path | bytes
_MAX_NAME: Final = 200
_SAME_PICTURE: Final = 0.995  # cosine of a picture with itself, stored or compressed again


@dataclass(frozen=True)
class AddedRole:
    """What came of adding a character.

    Attributes:
        id: Its number in the database.
        name: Its name.
        used: Pictures that were learnt from.
        rejects: Pictures that could not be read.
        copies: Pictures left out because they are the same as another one.
        known_as: Pictures that the database holds already, with the character they lie under there.
        curve: How well it is told apart by the number of pictures; empty for a single one.
        confusable: Characters that it is hard to tell from, hardest first.
        seconds: Time taken.
    """

    id: int
    name: str
    used: int
    rejects: list[Reject]
    copies: int
    known_as: dict[str, str]
    curve: list[Point]
    confusable: list[Confusable]
    seconds: float

    @property
    def told_apart(self) -> float | None:
        """Share of its pictures that are recognised by the others alone; None for a single picture."""
        return self.curve[-1].told_apart if self.curve else None


@dataclass(frozen=True)
class Recognition:
    """What is said about one picture.

    Attributes:
        names: Characters, most probable first.
        probabilities: Of these.
        is_unknown: Nobody known, as far as can be told.
        familiarity: Similarity to the best prototype.
        nearest: The most similar known pictures.
    """

    names: list[str]
    probabilities: list[float]
    is_unknown: bool
    familiarity: float
    nearest: list[Neighbour]


class OnlineLearningSystem:
    """A recogniser with a feature database that grows.

    Args:
        model_path: Weight folder of ``anime.classifier``, or a path ``NAME.pth`` that `save_model` was given.
        feature_db_path: Folder of the feature database. Where there is none yet, it begins with what the model knows.

    Raises:
        WeightFileError: The model is missing or damaged.
        RecogniserError: ``anime.other_database``, the database belongs to another model.
    """

    def __init__(self, model_path: str | Path, feature_db_path: str | Path) -> None:
        folder = _folder_of(Path(model_path))
        self._fit: Fit = read_recogniser_facts(folder).get("fit_picture", "crop")
        self._model = load_recogniser(folder)
        self._side = side_for(self._model.network.size if self._model.network else 0)
        self._database = FeatureDatabase(Path(feature_db_path), space_of(self._model))
        if not self._database.exists:
            self._database.add_all(_by_character(self._model))
        self._joined: tuple[int, Recogniser] | None = None

    @property
    def roles(self) -> list[str]:
        """Names of all characters, in the order of their columns."""
        return [role.name for role in self._database.roles]

    @property
    def database(self) -> FeatureDatabase:
        """The feature database."""
        return self._database

    @property
    def recogniser(self) -> Recogniser:
        """The model with the characters that the database holds now."""
        if self._joined is None or self._joined[0] != self._database.revision:
            names = [name for role in self._database.roles for name in role.names]
            exemplars = Exemplars(self._database.vectors, self._database.labels, names)
            joined = replace(self._model, characters=self.roles, exemplars=exemplars)
            self._joined = self._database.revision, joined
        return self._joined[1]

    def add_new_role(self, name: str, images: Sequence[ImageSource]) -> AddedRole:
        """Learn a character from its pictures, or learn more pictures of a known one.

        Args:
            name: Any text without control characters.
            images: Paths or the bytes of files. What cannot be read is reported and left out.

        Raises:
            RecogniserError: ``anime.role_name``, ``anime.no_images``.
        """
        started = time.monotonic()
        name = _checked_name(name)
        pixels, names, rejects = self._read(images)
        if not len(pixels):
            raise RecogniserError(
                f'None of the images of "{name}" can be used.',
                code="anime.no_images",
                hint=rejects[0].cure if rejects else "Give at least one image.",
                where=name,
            )
        kept = _without_copies(pixels)
        vectors = self._model.vectors(pixels[kept])
        judged = NewCharacter(self.recogniser, pixels[kept], vectors, name)
        curve, confusable = judged.curve(), judged.confusable()
        used = [names[row] for row in kept]
        known_as = self._known_as(used, vectors)
        role = self._database.add(name, vectors, used)
        return AddedRole(
            role.id,
            name,
            len(kept),
            rejects,
            len(pixels) - len(kept),
            known_as,
            curve,
            confusable,
            time.monotonic() - started,
        )

    def remove_role(self, name: str) -> None:
        """Forget a character; see `FeatureDatabase.remove`."""
        self._database.remove(name)

    def rollback(self, revision: int | None = None) -> int:
        """Undo the last change, or return to a revision; see `FeatureDatabase.roll_back`."""
        return self._database.roll_back(revision)

    def recognise(self, images: Sequence[ImageSource], top: int = 5, neighbours: int = 5) -> list[Recognition]:
        """Say who is on each picture.

        Raises:
            FormatError: A picture cannot be read.
            RecogniserError: ``anime.no_roles``.
        """
        if not self._database.roles:
            raise RecogniserError(
                "No character is known.", code="anime.no_roles", hint="Add one, or go back to an earlier revision."
            )
        if not images:
            return []
        answer = self.recogniser.answer(torch.stack([square_picture(image, self._fit, self._side) for image in images]))
        near = self._database.nearest(answer.vectors, neighbours)
        return [self._recognition(answer, row, near[row], top) for row in range(len(images))]

    def save_model(self, path: str | Path) -> Path:
        """Write the extended model as a weight folder.

        For a path that ends with ``.pth`` the folder has its name without the ending, and the file itself gets the
        tensors as a plain state dict for other programs; nothing here ever reads it.

        Returns:
            The folder.
        """
        path = Path(path)
        folder = path.with_suffix("") if path.suffix == ".pth" else path
        recogniser = self.recogniser
        save_recogniser(recogniser, folder, self._fit)
        if path.suffix == ".pth":
            tensors = {
                "prototypes.vectors": recogniser.exemplars.vectors,
                "prototypes.labels": recogniser.exemplars.labels,
            }
            if recogniser.network is not None:
                tensors |= {f"network.{name}": tensor for name, tensor in recogniser.network.net.state_dict().items()}
            torch.save({name: tensor.detach().cpu() for name, tensor in tensors.items()}, path)
            write_json_atomic(path.with_suffix(".json"), {"characters": recogniser.characters})
        return folder

    def _read(self, images: Sequence[ImageSource]) -> tuple[Tensor, list[str], list[Reject]]:
        found, names, rejects = [], [], []
        for number, image in enumerate(images, start=1):
            name = f"image {number}" if isinstance(image, bytes) else Path(image).name
            try:
                found.append(square_picture(image, self._fit, self._side))
                names.append(name)
            except CodedError as error:
                rejects.append(Reject(name, error.message, error.hint))
        return torch.stack(found) if found else torch.zeros(0, 3, 1, 1), names, rejects

    def _known_as(self, names: Sequence[str], vectors: Tensor) -> dict[str, str]:
        if not self._database.roles:
            return {}
        nearest = [near[0] for near in self._database.nearest(vectors, 1)]
        return {name: near.role for name, near in zip(names, nearest, strict=True) if near.similarity >= _SAME_PICTURE}

    def _recognition(self, answer: Answer, row: int, near: list[Neighbour], top: int) -> Recognition:
        order = np.argsort(-answer.probabilities[row], kind="stable")[:top]
        return Recognition(
            [self.roles[column] for column in order],
            [float(answer.probabilities[row, column]) for column in order],
            bool(answer.is_unknown[row]),
            float(answer.familiarity[row]),
            near,
        )


def _folder_of(path: Path) -> Path:
    return path.with_suffix("") if path.suffix == ".pth" else path


def _by_character(model: Recogniser) -> list[tuple[str, Tensor, list[str]]]:
    parts = []
    for place, name in enumerate(model.characters):
        rows = (model.exemplars.labels == place).nonzero()[:, 0]
        parts.append((name, model.exemplars.vectors[rows], [model.exemplars.names[row] for row in rows.tolist()]))
    return parts


def _without_copies(pixels: Tensor) -> list[int]:
    """Positions of the first of each group of near copies."""
    groups = find_copies(pixels, [str(number) for number in range(len(pixels))]).group_of
    return sorted(np.unique(groups, return_index=True)[1].tolist())


def _checked_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _MAX_NAME or not cleaned.isprintable():
        raise RecogniserError(
            "This cannot be the name of a character.",
            code="anime.role_name",
            hint=f"Give 1 to {_MAX_NAME} characters without line breaks or control characters.",
            where="name",
        )
    return cleaned
