"""Builds the model of a graph the way an exported package does: write ``model.py``, import it, call ``Model``.

There is no second model builder that the generated code could drift from. torch is imported inside the functions.
"""

from __future__ import annotations

import importlib.util
import inspect
import itertools
import sys
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from ml_core.errors import GraphError
from ml_core.graph.allowlist import check_model_code
from ml_core.graph.codegen import model_code

if TYPE_CHECKING:
    from torch import nn

MODEL_FILE = "model.py"
_counter = itertools.count(1)


def write_model(document: object, folder: str | Path) -> Path:
    """Write the code of a graph into a folder; an equal file is left alone.

    Args:
        document: The graph.
        folder: Made if missing.

    Returns:
        The path of ``model.py``.

    Raises:
        GraphError: The graph has faults.
    """
    return write_code(model_code(document).text, folder)


def write_code(text: str, folder: str | Path) -> Path:
    """Write the text of a model into a folder as ``model.py``; an equal file is left alone."""
    path = Path(folder) / MODEL_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def load_model(source: object, folder: str | Path | None = None, *, pretrained: bool = True) -> nn.Module:
    """The module of a graph, made by its own generated code.

    Args:
        source: A graph document, or a folder that holds ``model.py`` (such as a weight folder).
        folder: Where ``model.py`` of a document is written, so that tracebacks show its lines.
        pretrained: Start backbones from their published weights, which may be downloaded. Leave it out when a
            state dict is loaded afterwards.

    Raises:
        GraphError: The graph has faults, ``model.py`` holds more than a model, or published weights cannot be had.
    """
    if isinstance(source, str | Path):
        path = Path(source) / MODEL_FILE
    elif folder is not None:
        path = write_model(source, folder)
    else:
        raise TypeError("A folder is needed to write the code of a document into.")
    constructor = _import(path).Model
    options: dict[str, Any] = {}
    if "pretrained" in inspect.signature(constructor).parameters:
        options["pretrained"] = pretrained
    try:
        model: nn.Module = constructor(**options)
    except URLError as error:
        raise GraphError(
            "The published weights of a backbone could not be downloaded.",
            code="graph.weights_unavailable",
            hint="Check the connection, put the file into torch's cache, or set weights to null.",
        ) from error
    return model


class _CheckedText(SourceLoader):
    """Runs exactly the text that was checked: no second read of the file, no ``.pyc`` read or written beside it."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        return self._text.encode("utf-8")


def _import(path: Path) -> ModuleType:
    """Import a model file under a name of its own, after the allow-list has read it.

    Raises:
        GraphError: The file is missing or holds something that a model has no use for.
    """
    if not path.is_file():
        raise GraphError(f"There is no {MODEL_FILE} in {path.parent.name}.", code="graph.no_code")
    text = path.read_text(encoding="utf-8")
    check_model_code(text)
    name = f"cvstudio_model_{next(_counter)}"
    spec = importlib.util.spec_from_loader(name, _CheckedText(path, text), origin=str(path))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where tracebacks and inspect look for it
    spec.loader.exec_module(module)
    return module
