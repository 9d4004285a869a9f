"""A predictor with its weights, and the forward pass of a batch. The only part of serving that imports torch."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any, Protocol

DEFAULT_CPU_BUDGET_BYTES = 2 * 1024**3


class Answering(Protocol):
    """What the server needs of a model; tests bring a simple one."""

    def preprocess(self, content: bytes) -> Any:
        """Encoded image to tensor."""

    def forward(self, tensors: list[Any]) -> list[Any]:
        """Tensors of equal shape to one row of raw outputs each."""

    def postprocess(self, row: Any) -> dict[str, Any]:
        """Raw outputs to an answer."""


class LoadedModel:
    """The registered predictor of a task, on a device, with the folder's weights."""

    def __init__(self, task: str, folder: Path, device: str) -> None:
        """Load it.

        Raises:
            CodedError: The folder is damaged or no predictor serves the task.
        """
        from ml_core.run.predictor import get_predictor

        self._predictor = get_predictor(task)()
        self._predictor.load(folder, device)

    def preprocess(self, content: bytes) -> Any:
        """One encoded image to one tensor on the CPU."""
        return self._predictor.preprocess(content)

    def postprocess(self, row: Any) -> dict[str, Any]:
        """One row of raw outputs to a JSON-able answer."""
        return self._predictor.postprocess(row)

    def forward(self, tensors: list[Any]) -> list[Any]:
        """One forward pass; when the device's memory is not enough, two of half the size.

        Raises:
            RuntimeError: Not even one image fits.
        """
        import torch

        from ml_core.run.causes import is_out_of_memory

        try:
            with torch.inference_mode():
                return list(self._predictor.forward(torch.stack(tensors)))
        except RuntimeError as error:
            if len(tensors) == 1 or not is_out_of_memory(error):
                raise
        release_memory()
        half = len(tensors) // 2
        return self.forward(tensors[:half]) + self.forward(tensors[half:])


def prepare_torch(threads: int) -> tuple[str, int]:
    """Choose the device and bound the threads of this process.

    Args:
        threads: For a forward pass on the CPU; 0 for one a physical core.

    Returns:
        The device as a text, and the bytes of weights that fit comfortably.
    """
    # Waiting OpenMP threads must sleep: they would spin on the cores that decode images and answer the web. Read
    # when torch loads OpenMP, so it is set before.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from ml_core.engine.device import cap_threads, choose_device

    device = choose_device("auto")
    cap_threads(threads or None)
    if device.type == "cuda":
        return str(device), torch.cuda.get_device_properties(device).total_memory // 2
    return str(device), DEFAULT_CPU_BUDGET_BYTES


def release_memory() -> None:
    """Return the memory of forgotten models to the system and the device."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
