"""A predictor with its weights, and the forward pass of a batch. The only part of serving that imports torch."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from cvstudio.inference.limits import Limits

DEFAULT_CPU_BUDGET_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Engine:
    """What computes, and how it is used best.

    Attributes:
        device: As torch writes it.
        threads: Of the CPU.
        max_batch: Images in one forward pass.
        lanes: Forward passes beside one another.
        cache_bytes: Weights kept loaded.
    """

    device: str
    threads: int
    max_batch: int
    lanes: int
    cache_bytes: int


class Answering(Protocol):
    """What the server needs of a model; tests bring a simple one."""

    def preprocess(self, content: bytes) -> Any:
        """Encoded image to tensor."""

    def forward(self, tensors: list[Any], beside: int = 1) -> list[Any]:
        """Tensors of equal shape to one row of raw outputs each, while ``beside`` passes share the cores."""

    def postprocess(self, row: Any) -> dict[str, Any]:
        """Raw outputs to an answer."""


class LoadedModel:
    """The registered predictor of a task, on a device, with the folder's weights."""

    def __init__(self, task: str, folder: Path, engine: Engine) -> None:
        """Load it.

        Raises:
            CodedError: The folder is damaged or no predictor serves the task.
        """
        from ml_core.run.predictor import get_predictor

        self._engine = engine
        self._predictor = get_predictor(task)()
        self._predictor.load(folder, engine.device)

    def preprocess(self, content: bytes) -> Any:
        """One encoded image to one tensor on the CPU."""
        return self._predictor.preprocess(content)

    def postprocess(self, row: Any) -> dict[str, Any]:
        """One row of raw outputs to a JSON-able answer."""
        return self._predictor.postprocess(row)

    def forward(self, tensors: list[Any], beside: int = 1) -> list[Any]:
        """One forward pass; when the device's memory is not enough, two of half the size.

        Args:
            tensors: Of equal shape.
            beside: Passes that share the cores of a CPU; each takes its part of the threads.

        Raises:
            RuntimeError: Not even one image fits.
        """
        import torch

        from ml_core.run.causes import is_out_of_memory

        threads = max(1, self._engine.threads // beside)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)  # counts for the calling thread
        try:
            with torch.inference_mode():
                return list(self._predictor.forward(torch.stack(tensors)))
        except RuntimeError as error:
            if len(tensors) == 1 or not is_out_of_memory(error):
                raise
        release_memory()
        half = len(tensors) // 2
        return self.forward(tensors[:half], beside) + self.forward(tensors[half:], beside)


def prepare_torch(bounds: Limits) -> Engine:
    """Choose the device and what suits it, where the bounds leave it open."""
    # Waiting OpenMP threads must sleep: they would spin on the cores that decode images and answer the web. Read
    # when torch loads OpenMP, so it is set before.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from ml_core.engine.device import cap_threads, choose_device

    device = choose_device("auto")
    threads = cap_threads(bounds.threads or None)
    if device.type == "cpu":
        chosen = Engine(str(device), threads, max_batch=8, lanes=min(4, threads), cache_bytes=DEFAULT_CPU_BUDGET_BYTES)
    else:
        memory = torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else 0
        cache_bytes = memory // 2 or DEFAULT_CPU_BUDGET_BYTES
        chosen = Engine(str(device), threads, max_batch=32, lanes=1, cache_bytes=cache_bytes)
    wishes = {name: getattr(bounds, name) for name in ("max_batch", "lanes", "cache_bytes")}
    return replace(chosen, **{name: wish for name, wish in wishes.items() if wish})


def release_memory() -> None:
    """Return the memory of forgotten models to the system and the device."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
