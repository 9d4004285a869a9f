"""A fusion on disk: the files of its recogniser, ``fusion.safetensors``, ``fusion.json``, and a BERT's descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch

from ml_core.anime.collection.square import Fit
from ml_core.anime.fusion.fusion import Fusion
from ml_core.anime.fusion.pooling import Pooling
from ml_core.anime.fusion.text.bert import BertEncoder, restore_bert
from ml_core.anime.fusion.text.choose import TextEncoder
from ml_core.anime.fusion.text.scratch import ScratchEncoder
from ml_core.anime.fusion.text.task import TextClassifier
from ml_core.anime.recognise.storage import load_recogniser, save_recogniser
from ml_core.run.files import write_json_atomic
from ml_core.weights.errors import WeightFileError, WeightMismatchError

TENSORS: Final = "fusion.safetensors"
FACTS: Final = "fusion.json"
_KIND: Final = "anime.fusion"
_FORMAT: Final = 1
_MAX_FACTS_BYTES: Final = 64 * 2**20


def save_fusion(fusion: Fusion, folder: Path, fit_picture: Fit = "crop") -> list[str]:
    """Write the files into ``folder``, which is made where it is missing; returns their names, tensors first."""
    files = save_recogniser(fusion.recogniser, folder, fit_picture)
    encoder = fusion.classifier.encoder
    state = fusion.classifier.state_dict()
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    safetensors.torch.save_file(plain, folder / TENSORS)
    described = encoder.save_files(folder) if isinstance(encoder, BertEncoder) else []
    facts: dict[str, Any] = {
        "format": _FORMAT,
        "kind": _KIND,
        "described": fusion.described,
        "encoder": {"kind": encoder.kind, "settings": encoder.settings},
        "pooling": vars(fusion.pooling),
    }
    write_json_atomic(folder / FACTS, facts)
    return [TENSORS, FACTS, *described, *files]


def is_fusion(folder: Path) -> bool:
    """Whether the weight in a folder reads besides seeing."""
    return (folder / FACTS).is_file()


def load_fusion(folder: Path) -> Fusion:
    """Read what `save_fusion` left.

    Raises:
        WeightFileError: A file is missing, damaged or of another kind.
        WeightMismatchError: Files do not belong together.
    """
    recogniser, facts = load_recogniser(folder), _read_facts(folder / FACTS)
    try:
        described = [str(name) for name in facts["described"]]
        classifier = TextClassifier(_encoder(folder, facts["encoder"]), len(described)).eval()
        pooling = Pooling(**facts["pooling"])
        tensors = safetensors.torch.load_file(folder / TENSORS)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(FACTS) from error
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(TENSORS) from error
    try:
        classifier.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightMismatchError(
            "The tensors do not fit what is described beside them.",
            hint="Use the folder as the training left it.",
            where=TENSORS,
        ) from error
    return Fusion(recogniser, classifier, described, pooling)


def _encoder(folder: Path, said: dict[str, Any]) -> TextEncoder:
    if said["kind"] == BertEncoder.kind:
        return restore_bert(folder, said["settings"])
    return ScratchEncoder(**said["settings"])


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_FACTS_BYTES:
            raise _damaged(FACTS)
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(FACTS) from error
    if not isinstance(facts, dict) or facts.get("kind") != _KIND or facts.get("format") != _FORMAT:
        raise _damaged(FACTS)
    return facts


def _damaged(name: str) -> WeightFileError:
    return WeightFileError(
        f"{name} is missing or damaged.", hint="Use the folder as the training left it, or train again.", where=name
    )
