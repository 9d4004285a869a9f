"""Where the BERT comes from: pretrained, from a folder or the hub, or small and new."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, cast

from transformers import BertConfig, BertForMaskedLM
from transformers.utils import logging as transformers_logging

from ml_core.errors import CodedError


class BertUnavailableError(CodedError):
    """The pretrained BERT cannot be had. Recipes fall back to a new, small one and say so."""

    default_code = "hsi.bert_unavailable"


@dataclass(frozen=True)
class BertSize:
    """Size of a BERT that starts at random.

    The defaults are the preset for CPUs.
    """

    hidden_size: int = 64
    layers: int = 2
    heads: int = 4
    intermediate_size: int = 256


PRESETS = {
    "cpu": BertSize(),
    "small": BertSize(hidden_size=128, layers=4, heads=4, intermediate_size=512),
    "base": BertSize(hidden_size=768, layers=12, heads=12, intermediate_size=3072),
}


def new_bert(size: BertSize, max_seq_len: int, dropout: float) -> BertForMaskedLM:
    """A BERT with random weights. Its own word table has one row: tokens come as embeddings."""
    config = cast(Any, BertConfig)(
        vocab_size=1,
        hidden_size=size.hidden_size,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.intermediate_size,
        max_position_embeddings=max_seq_len,
        type_vocab_size=1,
        pad_token_id=0,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        tie_word_embeddings=False,
        attn_implementation="sdpa",
    )
    return BertForMaskedLM(config)


def pretrained_bert(name_or_path: str, max_seq_len: int) -> BertForMaskedLM:
    """A BERT of the hub or of a local folder, read from safetensors alone.

    Raises:
        BertUnavailableError: Neither has it, or it cannot be read, or it takes no sequence as long as wanted.
    """
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(logging.ERROR)
    try:
        bert = BertForMaskedLM.from_pretrained(name_or_path, use_safetensors=True, attn_implementation="sdpa")
    # The library raises errors of many kinds, of its own and of others, for what is here one thing: not to be had.
    except Exception as error:
        raise BertUnavailableError(
            f'The pretrained BERT "{name_or_path}" cannot be loaded.',
            hint="Give a folder with config.json and model.safetensors, make the model hub reachable, or train a "
            "small BERT from scratch.",
            where="bert_model_name_or_path",
        ) from error
    finally:
        transformers_logging.set_verbosity(before)
    if bert.config.max_position_embeddings < max_seq_len:
        raise BertUnavailableError(
            f'The BERT "{name_or_path}" takes sequences of {bert.config.max_position_embeddings} tokens, '
            f"not {max_seq_len}.",
            code="hsi.bert_too_short",
            hint="Lower max_seq_len.",
            where="max_seq_len",
        )
    bert.resize_token_embeddings(1)
    return bert


def bert_from_config(config: dict[str, Any]) -> BertForMaskedLM:
    """The architecture of a BERT whose weights are loaded next."""
    return BertForMaskedLM(cast(Any, BertConfig)(**config, attn_implementation="sdpa"))
