"""BERT as a text encoder, through ``transformers``: from a folder, from this machine's cache, or from the network.

Only safetensors are loaded and no code of others is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from ml_core.weights.errors import WeightFileError

_MOST_TOKENS: Final = 128
_FILES: Final = ("config.json", "tokenizer.json", "tokenizer_config.json")
Tokens = dict[str, Tensor]


class BertEncoder(nn.Module):
    """Texts to the mean of BERT's last features.

    Args:
        model: The network.
        tokenizer: What cuts texts into the pieces that it knows.
        frozen: Whether it stays as it is.
    """

    kind = "bert"

    def __init__(self, model: Any, tokenizer: Any, *, frozen: bool = True) -> None:
        super().__init__()
        self.model, self._tokenizer, self._frozen = model, tokenizer, frozen
        self.width = int(model.config.hidden_size)
        self.model.requires_grad_(not frozen)

    @property
    def settings(self) -> dict[str, Any]:
        """What is not in the files of `save_files`."""
        return {"frozen": self._frozen}

    def tokenise(self, texts: Sequence[str]) -> Tokens:
        """``input_ids`` and ``attention_mask``, (N, L) int64."""
        cut = self._tokenizer(list(texts), padding=True, truncation=True, max_length=_MOST_TOKENS, return_tensors="pt")
        return {"input_ids": cut["input_ids"], "attention_mask": cut["attention_mask"]}

    def forward(self, tokens: Tokens) -> Tensor:
        """Features (N, width)."""
        if self._frozen:
            self.model.eval()  # its dropout would be noise that nothing learns from
            with torch.no_grad():
                return self._mean(tokens)
        return self._mean(tokens)

    def _mean(self, tokens: Tokens) -> Tensor:
        features = self.model(**tokens).last_hidden_state
        is_text = tokens["attention_mask"][:, :, None].to(features.dtype)
        mean: Tensor = (features * is_text).sum(1) / is_text.sum(1).clamp(min=1)
        return mean

    def save_files(self, folder: Path) -> list[str]:
        """Write what describes network and tokenizer; returns the files' names. Tensors are in the state dict."""
        self.model.config.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)
        return [name for name in _FILES if (folder / name).is_file()]


def fetch_bert(name: str, *, frozen: bool, local_only: bool = False) -> BertEncoder:
    """A BERT with its weights.

    Args:
        name: A folder, or a name of the hub.
        frozen: See `BertEncoder`.
        local_only: Look on this machine alone.

    Raises:
        OSError: It cannot be had.
        ValueError: It is none.
    """
    from transformers import AutoModel, AutoTokenizer  # takes seconds, and only a BERT needs it

    wishes: dict[str, Any] = {"local_files_only": local_only, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(name, **wishes)
    model = AutoModel.from_pretrained(name, use_safetensors=True, **wishes)
    return BertEncoder(model.float(), tokenizer, frozen=frozen)


def restore_bert(folder: Path, settings: dict[str, Any]) -> BertEncoder:
    """The network that `save_files` described, with tensors still to be loaded.

    Raises:
        WeightFileError: A file is missing or damaged.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    wishes: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(folder, **wishes)
        model = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
        return BertEncoder(model, AutoTokenizer.from_pretrained(folder, **wishes), frozen=bool(settings["frozen"]))
    except (OSError, ValueError, KeyError) as error:
        raise WeightFileError(
            "The description of the text model is missing or damaged.",
            hint="Use the folder as the training left it, or train again.",
            where=_FILES[0],
        ) from error
