"""The last wall of code generation: parse what was written and refuse anything a model has no use for."""

from __future__ import annotations

import ast

from ml_core.errors import GraphError

MODULES = {
    "argparse", "collections", "csv", "dataclasses", "functools", "hashlib", "itertools", "json", "math", "os",
    "pathlib", "random", "sys", "time", "typing",
    "numpy", "PIL", "safetensors", "safetensors.torch", "torch", "torch.nn.functional", "torch.utils.data",
    "torchvision", "torchvision.transforms", "model", "train",
}  # fmt: skip
_MODEL_MODULES = {"torch", "torch.nn.functional", "torchvision"}
# What a model's calls may begin with; helper classes of the same file are added to it.
_MODEL_ROOTS = {"nn", "F", "torch", "models", "self", "super", "list"}
_MODEL_NODES = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg,
    ast.Assign, ast.Expr, ast.Return, ast.If, ast.Pass, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Load,
    ast.Store, ast.Constant, ast.Tuple, ast.List, ast.Subscript, ast.BinOp, ast.Add, ast.Mult, ast.UnaryOp, ast.USub,
    ast.BoolOp, ast.Or, ast.Compare, ast.NotEq, ast.IfExp, ast.Starred, ast.Slice,
)  # fmt: skip
_FORBIDDEN_NAMES = {
    "eval", "exec", "compile", "__import__", "open", "getattr", "setattr", "delattr", "globals", "locals", "vars",
    "input", "breakpoint", "pickle", "subprocess",
}  # fmt: skip


def check_model_code(text: str) -> None:
    """Refuse ``model.py`` unless it only builds layers and calls them.

    Raises:
        GraphError: The text does not parse or holds something outside the allow-list. This is a fault of the
            generator, never of the user; nothing is written then.
    """
    tree = _parse(text)
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if not isinstance(node, _MODEL_NODES):
            raise _refusal(f"a {type(node).__name__}", node)
        _check_import(node, _MODEL_MODULES)
        _check_dunder(node)
        if isinstance(node, ast.Name) and node.id in _FORBIDDEN_NAMES - arguments - assigned:
            raise _refusal(f"the name {node.id}", node)
        if isinstance(node, ast.Call):
            root = _root(node.func)
            if root not in _MODEL_ROOTS | classes | arguments | assigned:
                raise _refusal(f"a call of {root}", node)
            if isinstance(node.func, ast.Name) and root not in {"super", "list"} | classes:
                raise _refusal(f"a call of {root}", node)


def check_script(text: str) -> None:
    """Refuse ``train.py`` or ``predict.py`` when it imports or calls what such a script has no use for.

    Raises:
        GraphError: As for `check_model_code`.
    """
    tree = _parse(text)
    for node in ast.walk(tree):
        _check_import(node, MODULES)
        _check_dunder(node)
        if isinstance(node, ast.Name) and node.id in _FORBIDDEN_NAMES - {"open"}:
            raise _refusal(f"the name {node.id}", node)


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise GraphError(f"The generated code does not parse: {error}.", code="graph.unsafe_code") from error


def _check_import(node: ast.AST, allowed: set[str]) -> None:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or "."]
    for name in names:
        if name not in allowed:
            raise _refusal(f"an import of {name}", node)


def _check_dunder(node: ast.AST) -> None:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name.startswith("__") and name not in ("__init__", "__name__", "__file__"):
        raise _refusal(f"the name {name}", node)


def _root(function: ast.expr) -> str:
    while True:
        if isinstance(function, ast.Name):
            return function.id
        if isinstance(function, ast.Attribute | ast.Subscript):
            function = function.value
        elif isinstance(function, ast.Call):
            function = function.func
        else:
            return type(function).__name__


def _refusal(what: str, node: ast.AST) -> GraphError:
    return GraphError(
        f"The generated code holds {what}, which a model may not.",
        code="graph.unsafe_code",
        hint="Report the graph: this is a fault of the code generator.",
        where=f"line {getattr(node, 'lineno', 0)}",
    )
