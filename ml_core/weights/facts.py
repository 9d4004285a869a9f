"""Facts about a weight file for people: how many tensors, of which types, how large, with which digest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

from ml_core.run.files import sha256_file
from ml_core.weights.header import SafetensorsHeader, read_header

_LARGEST: Final = 12

#: Buffers that torch counts steps in. They are in the file but are no parameters of the model.
_COUNTERS: Final = "num_batches_tracked"


def weight_facts(path: Path) -> dict[str, Any]:
    """Facts of a safetensors file as JSON-able values; reads the whole file once for the digest.

    Returns:
        ``tensors``, ``elements`` (all numbers in the file, step counters left out), ``dtypes`` (elements by type),
        ``size_bytes``, ``header_bytes``, ``sha256``, ``largest`` (name, shape, dtype, size_bytes) and ``metadata``.

    Raises:
        WeightFileError: The header is damaged.
    """
    header = read_header(path)
    return {**header_facts(header), "sha256": sha256_file(path)}


def header_facts(header: SafetensorsHeader) -> dict[str, Any]:
    """The part of the facts that the header alone tells."""
    dtypes: Counter[str] = Counter()
    for name, tensor in header.tensors.items():
        if not name.endswith(_COUNTERS):
            dtypes[tensor.dtype] += tensor.elements
    by_size = sorted(header.tensors.items(), key=lambda item: (-item[1].size_bytes, item[0]))
    return {
        "tensors": len(header.tensors),
        "elements": sum(dtypes.values()),
        "dtypes": dict(sorted(dtypes.items())),
        "size_bytes": header.file_bytes,
        "header_bytes": header.header_bytes,
        "metadata": dict(header.metadata),
        "largest": [
            {"name": name, "shape": list(tensor.shape), "dtype": tensor.dtype, "size_bytes": tensor.size_bytes}
            for name, tensor in by_size[:_LARGEST]
        ],
    }
