"""Names that node ids may not take, and the nearest valid name for a mistyped one."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from difflib import get_close_matches

# Attributes of torch.nn.Module. A layer of that name would replace a method of the model. A test compares the list
# with the installed torch; it is written out because this package does not import torch.
MODULE_ATTRIBUTES = frozenset({
    "T_destination", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu",
    "cuda", "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state",
    "get_parameter", "get_submodule", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers",
    "named_children", "named_modules", "named_parameters", "parameters", "register_backward_hook", "register_buffer",
    "register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook",
    "register_full_backward_pre_hook", "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
    "register_module", "register_parameter", "register_state_dict_post_hook", "register_state_dict_pre_hook",
    "requires_grad_", "set_extra_state", "set_submodule", "share_memory", "state_dict", "to", "to_empty", "train",
    "training", "type", "xpu", "zero_grad",
})  # fmt: skip

# Names that the body of `forward` uses itself; a local variable of that name gets an underscore behind it.
FORWARD_NAMES = frozenset({"self", "x", "torch", "nn", "F", "models", "Tensor", "targets"})


def reserved(node_id: str) -> str:
    """Why an id cannot be used, as words to follow "The id is"; empty when it can."""
    if keyword.iskeyword(node_id):
        return "a keyword of Python"
    if node_id in MODULE_ATTRIBUTES:
        return "a method or attribute of every PyTorch module"
    return ""


def nearest(name: str, names: Iterable[str]) -> str:
    """The valid name that looks most like ``name``; empty when none does."""
    by_lower = {item.lower(): item for item in names}
    matches = get_close_matches(name[:64].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else ""


def did_you_mean(name: str, names: Iterable[str], otherwise: str) -> str:
    """A cure for a mistyped name."""
    match = nearest(name, names)
    return f'Did you mean "{match}"?' if match else otherwise
