"""Writes a network in one format and loads it again as whoever receives it would."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml_core.errors import CodedError
from ml_core.vision.export.module import INPUT, WithPreprocessing

Predict = Callable[[Tensor], NDArray[np.float32]]
"""uint8 (N, C, H, W) to what the module gives."""


@dataclass(frozen=True)
class Format:
    """A format of networks.

    Attributes:
        file: Name of its file.
        write: Writes the module, given an example batch of two, to a path.
        load: Gives back what predicts, from the file alone.
    """

    file: str
    write: Callable[[WithPreprocessing, Tensor, Path], None]
    load: Callable[[Path], Predict]


class ExportError(CodedError):
    """The network has a part that the format cannot express."""

    default_code = "export.not_possible"


def export_to(name: str, module: WithPreprocessing, example: Tensor, path: Path) -> None:
    """Write ``module`` to ``path``.

    Raises:
        ExportError: The format cannot express a part of it; the hint holds what the exporter said.
    """
    try:
        with _quiet():
            FORMATS[name].write(module, example if module.any_batch else example[:1], path)
    except Exception as error:
        said = str(error).strip().splitlines()
        raise ExportError(
            f"The network cannot be written as {name}.",
            hint=f"Choose another format. The exporter said: {said[0][:300] if said else type(error).__name__}",
            where=name,
        ) from error


def _dynamic(module: WithPreprocessing) -> dict[str, dict[int, torch.export.Dim]] | None:
    return {INPUT: {0: torch.export.Dim("batch", min=1, max=65_536)}} if module.any_batch else None


def _write_torch_export(module: WithPreprocessing, example: Tensor, path: Path) -> None:
    torch.export.save(torch.export.export(module, (example,), dynamic_shapes=_dynamic(module)), path)


def _load_torch_export(path: Path) -> Predict:
    module = torch.export.load(path).module()

    def predict(pixels: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            found: NDArray[np.float32] = module(pixels).numpy()
            return found

    return predict


def _write_onnx(module: WithPreprocessing, example: Tensor, path: Path) -> None:
    torch.onnx.export(
        module,
        (example,),
        str(path),
        input_names=[INPUT],
        output_names=[module.output],
        dynamic_shapes=_dynamic(module),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def _load_onnx(path: Path) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def predict(pixels: Tensor) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(None, {INPUT: pixels.numpy()})[0]
        return found

    return predict


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters print their progress; the run has its own."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


FORMATS: dict[str, Format] = {
    "onnx": Format("model.onnx", _write_onnx, _load_onnx),
    "torch_export": Format("model.pt2", _write_torch_export, _load_torch_export),
}
