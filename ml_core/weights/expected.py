"""Which tensors a generated ``model.py`` expects, found without allocating one.

The caller (the web process) must not import torch, so the model is built on torch's ``meta`` device by a child process:
``python -m ml_core.weights.expected FOLDER`` prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ml_core.weights.compare import TensorSpec
from ml_core.weights.errors import WeightFileError
from ml_core.weights.header import TensorFact

_TIMEOUT_S: Final = 120.0

#: How safetensors calls torch's types.
_NAMES: Final = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def expected_tensors(folder: Path) -> dict[str, TensorSpec]:
    """Names, shapes and types of the state dict of the model in a folder. Takes some seconds.

    Args:
        folder: Holds a ``model.py`` that `ml_core.graph` wrote; never a file that somebody sent.

    Raises:
        WeightFileError: The model cannot be built.
    """
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TORCH_HOME") if name in os.environ}
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ml_core.weights.expected", str(folder.resolve())],
            env={**environment, "PYTHONPATH": str(root), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
            capture_output=True, timeout=_TIMEOUT_S, check=True, stdin=subprocess.DEVNULL, cwd=root,
        )  # fmt: skip
        tensors = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise WeightFileError(
            "The architecture's model cannot be built, so the weights cannot be checked against it.",
            code="weights.model_failed", hint="Validate the architecture, then try again.",
        ) from error  # fmt: skip
    return {name: TensorSpec(tuple(shape), dtype) for name, (shape, dtype) in tensors.items()}


def specs_of(tensors: Mapping[str, TensorFact]) -> dict[str, TensorSpec]:
    """The tensors of a file's header in the form that `compare_tensors` takes."""
    return {name: TensorSpec(tensor.shape, tensor.dtype) for name, tensor in tensors.items()}


def state_of_model(folder: Path) -> dict[str, tuple[list[int], str]]:
    """Shapes and types of the model's state dict, by name. Imports torch and the generated file."""
    import torch

    from ml_core.graph.build import load_model

    with torch.device("meta"):
        state = load_model(folder, pretrained=False).state_dict()
    return {name: (list(value.shape), _NAMES[str(value.dtype).removeprefix("torch.")]) for name, value in state.items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(state_of_model(Path(sys.argv[1]))))
