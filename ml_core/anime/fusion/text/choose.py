"""Which text encoder is used, and a sentence about it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ml_core.anime.errors import RecogniserError
from ml_core.anime.fusion.text.bert import BertEncoder, fetch_bert
from ml_core.anime.fusion.text.scratch import ScratchEncoder, collect_vocabulary

AUTO, SCRATCH = "auto", "scratch"
_USUAL: Final = "bert-base-multilingual-cased"

TextEncoder = ScratchEncoder | BertEncoder


def choose_encoder(wish: str, texts: Iterable[str], *, frozen: bool) -> tuple[TextEncoder, str]:
    """The encoder that ``wish`` means, or a small one where no BERT can be had.

    Args:
        wish: ``auto``, ``scratch``, the folder of a BERT, or its name.
        texts: What a small encoder takes its vocabulary from.
        frozen: Whether a BERT stays as it is.

    Returns:
        The encoder, and what to tell people.

    Raises:
        RecogniserError: ``anime.text_model``, a folder was given that holds no BERT.
    """
    if wish == SCRATCH:
        return _scratch(texts), "A small text encoder is trained from nothing."
    is_folder = Path(wish).is_dir()
    name = _USUAL if wish == AUTO else wish
    try:
        encoder = fetch_bert(name, frozen=frozen, local_only=is_folder or wish == AUTO)
    except (OSError, ValueError) as error:
        if is_folder:
            raise RecogniserError(
                "The folder holds no BERT that can be read.",
                code="anime.text_model",
                hint="Give a folder with config.json, model.safetensors and the files of its tokenizer.",
                where=Path(wish).name,
            ) from error
        reason = "There is no BERT on this machine" if wish == AUTO else f'"{wish}" cannot be had (offline?)'
        return _scratch(texts), f"{reason}: a small text encoder is trained from nothing instead."
    return encoder, f"The texts are read by {Path(name).name}."


def _scratch(texts: Iterable[str]) -> ScratchEncoder:
    return ScratchEncoder(collect_vocabulary(texts))
