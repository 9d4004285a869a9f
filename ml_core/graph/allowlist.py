"""The last wall of code generation: parse what was written and refuse anything a model has no use for.

The generator writes nothing else to begin with; this is for the day when it has a fault, and for a ``model.py`` that
somebody else put into a weight folder. What is not listed here is refused.
"""

from __future__ import annotations

import ast
import re

from ml_core.errors import GraphError
from ml_core.graph.operators.backbone_cost import backbones

_NODES = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg,
    ast.Assign, ast.Expr, ast.Return, ast.If, ast.Pass, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Load,
    ast.Store, ast.Constant, ast.Tuple, ast.List, ast.Subscript, ast.BinOp, ast.Add, ast.Mult, ast.UnaryOp, ast.USub,
    ast.BoolOp, ast.Or, ast.Compare, ast.NotEq, ast.IfExp, ast.Starred, ast.Slice,
    # The helper classes of detectors go over levels and images.
    ast.For, ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.comprehension, ast.Dict, ast.Sub, ast.FloorDiv, ast.Mod,
    ast.Gt, ast.Lt, ast.IsNot, ast.Invert,
)  # fmt: skip
_IMPORTS = {
    "import torch",
    "import torch.nn.functional as F",
    "from torch import nn",
    "from torchvision import models",
    "from torchvision import ops",
    "from torchvision.models import detection",
    "from torchvision.models.feature_extraction import create_feature_extractor",
    "from functools import partial",
}
# Functions that may be called by their dotted name, and methods of tensors and layers.
_FUNCTIONS = re.compile(
    r"super|list|super\(\)\.__init__|nn\.[A-Z]\w*|nn\.init\.trunc_normal_|F\.[a-z]\w*|torch\.(cat|sigmoid|tanh|empty)"
    # of detectors
    r"|(tuple|zip|enumerate|str|len|min|round|range|sum)|partial|create_feature_extractor"
    r"|torch\.(stack|full_like|zeros_like|arange)|ops\.(\w+\.)?[A-Za-z]\w*|detection\.(\w+\.)?[A-Z]\w*"
    r"|detection\.rpn\.concat_box_prediction_layers"
)
_METHODS = {
    "flatten", "reshape", "permute", "mean", "requires_grad_", "children", "split", "topk", "expand", "gather", "float",
    "sigmoid", "sqrt", "softmax", "repeat", "values", "append", "index_fill", "masked_fill",
    # of torchvision's detectors
    "backbone", "head", "anchor_generator", "compute_loss", "decode", "decode_single", "proposal_matcher", "rpn",
    "roi_heads", "box_roi_pool", "box_head", "box_predictor",
}  # fmt: skip
# What may be read of an object beside what the file itself stores in one.
_ATTRIBUTES = {
    "shape", "device", "features", "classifier", "fc", "heads", "head", "weight", "strides", "out_channels", "rpn",
    "roi_heads",
}  # fmt: skip
# Modules are called, never stored: an attribute that holds one would open all of it.
_MODULES = {"torch", "nn", "F", "models", "ops", "detection"}
_VALUES = re.compile(r"torch\.int64|nn\.[A-Z]\w*")

_SCRIPT_MODULES = {
    "argparse", "csv", "hashlib", "json", "math", "random", "pathlib", "numpy", "PIL", "safetensors.torch", "torch",
    "torch.nn.functional", "torch.utils.data", "torchvision", "torchvision.transforms", "model", "train", "warnings",
}  # fmt: skip
_SCRIPT_FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "getattr", "setattr", "delattr", "globals", "locals", "vars", "input",
    "breakpoint",
}  # fmt: skip


def check_model_code(text: str) -> None:
    """Refuse ``model.py`` unless it only builds layers and calls them.

    Raises:
        GraphError: The text does not parse or holds something outside the allow-list. For generated code this is a
            fault of the generator, never of the user; nothing is written then.
    """
    tree = _parse(text)
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    stored = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_stored(node)}
    called = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Call) for part in _chain(node.func)}
    bases = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for statement in tree.body:
        if not isinstance(statement, ast.Import | ast.ImportFrom | ast.ClassDef) and not _is_docstring(statement):
            raise _refusal("a statement outside of a class", statement)
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise _refusal(f"a {type(node).__name__}", node)
        if isinstance(node, ast.Import | ast.ImportFrom) and ast.unparse(node) not in _IMPORTS:
            raise _refusal(f'"{ast.unparse(node)}"', node)
        if isinstance(node, ast.ClassDef):
            _check_class(node)
        elif isinstance(node, ast.FunctionDef):
            _check_function(node)
        elif isinstance(node, ast.Attribute | ast.Name):
            _check_name(node, allowed=("__init__",))
            if id(node) not in called and not (isinstance(node, ast.Name) and id(node) in bases):
                _check_value(node, stored)
        elif isinstance(node, ast.Call):
            _check_call(node, classes, stored)


def check_script(text: str) -> None:
    """Refuse ``train.py`` or ``predict.py`` when it imports or calls what such a script has no use for.

    Raises:
        GraphError: As for `check_model_code`.
    """
    for node in ast.walk(_parse(text)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "."]
        for module in modules:
            if module not in _SCRIPT_MODULES:
                raise _refusal(f"an import of {module}", node)
        if isinstance(node, ast.Attribute | ast.Name):
            _check_name(node, allowed=("__init__", "__name__", "__file__"))
        if isinstance(node, ast.Name) and node.id in _SCRIPT_FORBIDDEN:
            raise _refusal(f"the name {node.id}", node)


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise GraphError("The code of the model does not parse.", code="graph.unsafe_code", hint=_HINT) from error


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _check_class(node: ast.ClassDef) -> None:
    is_plain = [ast.unparse(base) for base in node.bases] == ["nn.Module"] and not node.keywords
    if not is_plain or node.decorator_list:
        raise _refusal(f"the class {node.name}, which is more than a module", node)
    for statement in node.body:
        if not isinstance(statement, ast.FunctionDef) and not _is_docstring(statement):
            raise _refusal("a statement in the body of a class", statement)


def _check_function(node: ast.FunctionDef) -> None:
    if node.name not in ("__init__", "forward") or node.decorator_list:
        raise _refusal(f"the function {node.name}", node)


def _check_name(node: ast.Attribute | ast.Name, allowed: tuple[str, ...]) -> None:
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    if name.startswith("_") and name not in allowed:
        raise _refusal(f"the name {name}", node)


def _is_stored(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def _chain(node: ast.AST) -> list[ast.AST]:
    """``a.b.c`` and what it stands on: ``a.b`` and ``a``."""
    parts = [node]
    while isinstance(parts[-1], ast.Attribute):
        parts.append(parts[-1].value)
    return parts


def _check_value(node: ast.Attribute | ast.Name, stored: set[str]) -> None:
    """What is read without being called: nothing that leads out of the model."""
    root = _chain(node)[-1]
    if isinstance(root, ast.Name) and root.id in _MODULES:
        if not _VALUES.fullmatch(ast.unparse(node)):
            raise _refusal(f"the value {ast.unparse(node)[:60]}", node)
    elif isinstance(node, ast.Attribute) and not _is_stored(node) and node.attr not in stored | _ATTRIBUTES:
        raise _refusal(f"the value {ast.unparse(node)[:60]}", node)


def _check_call(node: ast.Call, classes: set[str], stored: set[str]) -> None:
    """A call of a listed function, a helper class, a layer (``self.name``) or a listed method."""
    function = node.func
    name = ast.unparse(function)
    if _FUNCTIONS.fullmatch(name) or (isinstance(function, ast.Name) and name in classes):
        return
    if isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value)
        if owner == "models" and function.attr in backbones():
            return
        if (owner == "self" and function.attr in stored) or function.attr in _METHODS:
            return
    raise _refusal(f"a call of {name[:60]}", node)


_HINT = "Generate it again from the graph."


def _refusal(what: str, node: ast.AST) -> GraphError:
    return GraphError(
        f"The code of the model holds {what}, which no model needs.",
        code="graph.unsafe_code",
        hint=_HINT,
        where=f"line {getattr(node, 'lineno', 0)}",
    )
