"""A network by itself as a classifier on disk: ``NAME.safetensors`` with torchvision's names and ``NAME.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.run.files import write_json_atomic
from ml_core.weights.errors import WeightFileError

_KIND = "anime.student"


@dataclass
class StudentClassifier:
    """A network, the characters it knows, and the temperature that makes its confidence keep its word."""

    network: CharacterNetwork
    characters: list[str]
    temperature: float

    def probabilities(self, pixels: Tensor) -> NDArray[np.float64]:
        """(N, 3, S, S) uint8 to (N, C)."""
        found: NDArray[np.float64] = np.exp(self.network.log_probabilities(pixels, self.temperature))
        return found

    def save(self, folder: Path, name: str, fit_picture: str) -> list[str]:
        """Write both files; returns their names."""
        folder.mkdir(parents=True, exist_ok=True)
        plain = {key: tensor.detach().cpu().contiguous() for key, tensor in self.network.net.state_dict().items()}
        safetensors.torch.save_file(plain, folder / f"{name}.safetensors")
        facts = {
            "format": 1,
            "kind": _KIND,
            "architecture": self.network.architecture,
            "size": self.network.size,
            "characters": self.characters,
            "temperature": self.temperature,
            "fit_picture": fit_picture,
        }
        write_json_atomic(folder / f"{name}.json", facts)
        return [f"{name}.safetensors", f"{name}.json"]


def load_student(folder: Path, name: str = "student") -> StudentClassifier:
    """Read what ``save`` left.

    Raises:
        WeightFileError: A file is missing, damaged or of another kind.
    """
    try:
        facts = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        if facts["kind"] != _KIND or facts["format"] != 1:
            raise ValueError("another kind")
        characters = [str(character) for character in facts["characters"]]
        network = CharacterNetwork(facts["architecture"], len(characters), int(facts["size"]))
        network.net.load_state_dict(safetensors.torch.load_file(folder / f"{name}.safetensors"))
        return StudentClassifier(network.eval(), characters, float(facts["temperature"]))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, safetensors.SafetensorError) as error:
        raise WeightFileError(
            f"The network {name} is missing or damaged.",
            hint="Use the folder as the training left it, or train again.",
            where=f"{name}.json",
        ) from error
