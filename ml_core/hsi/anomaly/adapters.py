"""Low-rank additions to the attention of a BERT (E. Hu et al., "LoRA", 2021), merged before they are stored."""

from __future__ import annotations

import copy
from typing import TypeVar

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn

_RANK = 4

_Module = TypeVar("_Module", bound=nn.Module)


def add_lora(bert: nn.Module) -> None:
    """Put trainable low-rank additions beside query and value of every layer; the rest is frozen."""
    config = LoraConfig(r=_RANK, lora_alpha=2 * _RANK, lora_dropout=0.0, target_modules=["query", "value"])
    inject_adapter_in_model(config, bert)
    for name, parameter in bert.named_parameters():
        parameter.requires_grad_("lora_" in name)


def without_lora(model: _Module) -> _Module:
    """A copy with the additions merged into the weights they belong to: equal results, and peft is not needed."""
    merged = copy.deepcopy(model)
    for name, layer in list(merged.named_modules()):
        if isinstance(layer, LoraLayer):
            layer.merge()  # type: ignore[operator]
            parent, _, own = name.rpartition(".")
            setattr(merged.get_submodule(parent), own, layer.get_base_layer())
    return merged
