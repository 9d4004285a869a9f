"""A trained classifier, whichever kind it is, behind one function from arrays to answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.engine.device import choose_device
from ml_core.stellar.models.output import INPUTS, StarOutput
from ml_core.stellar.network_files import check_scope
from ml_core.stellar.predict.classification import Classification, join
from ml_core.weights.errors import WeightFileError
from ml_core.weights.folder import FACTS_FILE, WeightFacts, read_folder

TASK: Final = "stellar.train"
WEIGHT_PATH: Final = "artifacts/weight"
_COLUMNS: Final = {"photometry": "magnitudes"}
_KINDS: Final = ("recommended", "fusion_plain")

Looked = Literal["any", "both", "spectrum", "image"]


class Classifier:
    """A network ready to answer.

    Args:
        network: In evaluation mode; called with `INPUTS`, answers with a `StarOutput`.
        model: ``recommended`` or ``fusion_plain``.
        modality: What it was trained on; a modality it never saw is not looked at.
    """

    def __init__(self, network: nn.Module, *, model: str, modality: str, facts: WeightFacts | None = None) -> None:
        self.network = network.eval()
        self.model = model
        self.modality = modality
        self.facts = facts

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return list(self.facts.classes) if self.facts else []

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Classifier:
        """See `ml_core.stellar.predict.load_classifier`."""
        folder = folder / WEIGHT_PATH if (folder / WEIGHT_PATH).is_dir() else folder
        facts, _ = read_folder(folder)
        if facts.task != TASK:
            raise WeightFileError(
                f'These weights are for "{facts.task}", not for classifying stars.', code="weights.wrong_task",
                hint="Choose weights of a star classifier.", where=FACTS_FILE,
            )  # fmt: skip
        check_scope(facts.classes, facts.preprocessing.get("grid"), FACTS_FILE)
        model, modality = facts.preprocessing.get("model"), facts.preprocessing.get("modality")
        if model not in _KINDS or modality not in ("both", "spectrum", "image", "any"):
            raise WeightFileError(
                "The weight.json does not say which classifier of stars this is.", code="weights.invalid_facts",
                hint="Use the folder as the training left it.", where="preprocessing.model",
            )  # fmt: skip
        network = _network_class(model).from_pretrained(folder).to(choose_device(device))
        return cls(network, model=model, modality=modality, facts=facts)

    def classify(
        self,
        arrays: Mapping[str, NDArray[Any]],
        *,
        looked_at: Looked = "any",
        batch_size: int = 256,
        progress: Callable[[int, int], None] | None = None,
    ) -> Classification:
        """Answers about all rows of ``arrays``, in order.

        Args:
            arrays: As `Survey.arrays` gives them; the labels are not looked at.
            looked_at: ``spectrum`` or ``image`` leaves everything else of the star aside.
            batch_size: Stars computed together.
            progress: Called with (stars done, stars in all).
        """
        total = len(arrays["has_spectrum"])
        parts = []
        for start in range(0, total, batch_size):
            batch = self.batch(arrays, slice(start, min(start + batch_size, total)), looked_at)
            with torch.inference_mode():
                output: StarOutput = self.network(*(batch[name] for name in INPUTS))
            parts.append(_as_arrays(output, batch["has_spectrum"], batch["has_image"]))
            if progress is not None:
                progress(min(start + batch_size, total), total)
        return join(parts)

    def batch(self, arrays: Mapping[str, NDArray[Any]], rows: slice, looked_at: Looked = "any") -> dict[str, Tensor]:
        """Arguments of the network for some rows, without what it never learnt or shall not look at."""
        device = next(self.network.parameters()).device
        batch = {name: torch.from_numpy(np.array(arrays[_COLUMNS.get(name, name)][rows])).to(device) for name in INPUTS}
        for modality in ("spectrum", "image"):
            if self.modality not in (modality, "both", "any") or looked_at not in (modality, "both", "any"):
                batch[f"has_{modality}"] = torch.zeros_like(batch[f"has_{modality}"])
        if looked_at in ("spectrum", "image"):
            batch["photometry"] = torch.full_like(batch["photometry"], torch.nan)
        return batch


def _network_class(model: str) -> Any:
    if model == "fusion_plain":
        from ml_core.stellar.models.fusion_classifier import FusionClassifier

        return FusionClassifier
    from ml_core.stellar.classifier import StarClassifier

    return StarClassifier


def _as_arrays(output: StarOutput, has_spectrum: Tensor, has_image: Tensor) -> Classification:
    spectrum, image = has_spectrum.cpu().numpy(), has_image.cpu().numpy()
    modality = np.select([spectrum & image, spectrum, image], ["both", "spectrum", "image"], "none")
    probabilities = _plain(output.probabilities)
    return Classification(
        probabilities / probabilities.sum(1, keepdims=True),
        {name: _plain(values) for name, values in output.by_modality.items()},
        _plain(output.type_mean), _plain(output.type_sd), _plain(output.novelty), _plain(output.embedding),
        _plain(output.weights), modality.astype("<U8"),
    )  # fmt: skip


def _plain(values: Tensor) -> NDArray[np.float32]:
    return cast("NDArray[np.float32]", values.detach().float().cpu().numpy())
