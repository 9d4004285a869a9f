"""The header of a safetensors file, checked completely before anything is mapped or handed to a library.

Format: https://huggingface.co/docs/safetensors/index#format. Eight bytes little endian say how long the JSON header is;
it names each tensor with dtype, shape and offsets into the rest of the file.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ml_core.weights.errors import WeightFileError

#: Bytes an element takes. Types that no network of ours has (sub-byte floats, complex) are not listed.
DTYPE_BYTES: Final[Mapping[str, int]] = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip

#: A ViT-H has 500 tensors and a 60 KB header. The library itself takes 100 MB of JSON, which costs gigabytes to parse.
MAX_HEADER_BYTES: Final = 4 * 1024 * 1024
MAX_TENSORS: Final = 20_000
MAX_NAME_LENGTH: Final = 300
MAX_DIMENSIONS: Final = 8
MAX_METADATA_ITEMS: Final = 1_000

_METADATA: Final = "__metadata__"
_HINT_AGAIN: Final = "Save the weights again with safetensors.torch.save_file, and copy the whole file."


@dataclass(frozen=True)
class TensorFact:
    """What the header says about one tensor."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def elements(self) -> int:
        """Number of elements; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes in the file."""
        return self.end - self.begin


@dataclass(frozen=True)
class SafetensorsHeader:
    """A header that passed every check."""

    tensors: Mapping[str, TensorFact]
    metadata: Mapping[str, str]
    header_bytes: int
    file_bytes: int


def read_header(path: Path, *, max_bytes: int | None = None) -> SafetensorsHeader:
    """Read and check the header of a safetensors file. Tensor bytes are not read.

    Args:
        path: The file.
        max_bytes: Refuse larger files.

    Raises:
        WeightFileError: ``weights.too_large``, ``weights.truncated``, ``weights.not_safetensors``,
            ``weights.header_too_large`` or ``weights.invalid_header``.
    """
    file_bytes = path.stat().st_size
    if max_bytes is not None and file_bytes > max_bytes:
        raise WeightFileError(
            f"The weight file has {file_bytes:,} bytes; at most {max_bytes:,} are accepted.",
            code="weights.too_large", hint="Save it in half precision, or ask for a higher MAX_UPLOAD_SIZE.",
        )  # fmt: skip
    with path.open("rb") as stream:
        header = _read_json_bytes(stream.read(8), stream.read, file_bytes)
    document = _parse(header)
    metadata = _metadata(document.pop(_METADATA, {}))
    if not 0 < len(document) <= MAX_TENSORS:
        raise _bad(f"The header names {len(document):,} tensors; 1 to {MAX_TENSORS:,} are accepted.")
    tensors = {name: _tensor(name, entry) for name, entry in document.items()}
    _check_layout(tensors, file_bytes - 8 - len(header))
    return SafetensorsHeader(tensors=tensors, metadata=metadata, header_bytes=len(header), file_bytes=file_bytes)


def _read_json_bytes(prefix: bytes, read: Any, file_bytes: int) -> bytes:
    if len(prefix) < 8:
        raise WeightFileError("The weight file is shorter than a header.", code="weights.truncated", hint=_HINT_AGAIN)
    (length,) = struct.unpack("<Q", prefix)
    # A zip (a .pth in disguise), HTML or text read as a length gives a number far beyond any file.
    if length > MAX_HEADER_BYTES and (length > file_bytes or prefix[:2] in (b"PK", b"\x80\x02")):
        raise WeightFileError(
            "The file is not in the safetensors format.", code="weights.not_safetensors",
            hint="Upload a .safetensors file, or name a plain state dict .pth so that it is converted.",
        )  # fmt: skip
    if length > MAX_HEADER_BYTES:
        raise WeightFileError(
            f"The header claims {length:,} bytes; at most {MAX_HEADER_BYTES:,} are accepted.",
            code="weights.header_too_large", hint=_HINT_AGAIN,
        )  # fmt: skip
    if 8 + length > file_bytes:
        raise WeightFileError(
            "The weight file ends inside its header.", code="weights.truncated", hint=_HINT_AGAIN
        )  # fmt: skip
    header: bytes = read(length)
    if not header.startswith(b"{"):
        raise WeightFileError(
            "The file is not in the safetensors format.", code="weights.not_safetensors",
            hint="Upload a .safetensors file, or name a plain state dict .pth so that it is converted.",
        )  # fmt: skip
    return header


def _parse(header: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = {key for key, _ in pairs}
        if len(keys) != len(pairs):
            raise _bad("The header names a tensor twice.")
        return dict(pairs)

    try:
        document = json.loads(header.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _bad("The header is not valid JSON.") from error
    if not isinstance(document, dict):
        raise _bad("The header is not a JSON object.")
    return document


def _metadata(value: Any) -> dict[str, str]:
    fits = isinstance(value, dict) and len(value) <= MAX_METADATA_ITEMS
    if not fits or not all(isinstance(text, str) for text in value.values()):
        raise _bad("The header's metadata is not a small map of texts.", _METADATA)
    if not all(_is_storable(text) for item in value.items() for text in item):
        raise _bad("The header's metadata has characters that no text may have.", _METADATA)
    return dict(value)


def _is_storable(text: str) -> bool:
    """Half a surrogate pair cannot be written as UTF-8, and databases refuse NUL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _tensor(name: str, entry: Any) -> TensorFact:
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise _bad("The header has a tensor whose name is empty, too long or unprintable.", name[:MAX_NAME_LENGTH])
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _bad("A tensor's entry must hold dtype, shape and data_offsets.", name)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
        raise _bad(f"A tensor has the unknown element type {str(dtype)[:40]!r}.", name)
    if not _whole_numbers(shape) or len(shape) > MAX_DIMENSIONS:
        raise _bad(f"A tensor's shape must be at most {MAX_DIMENSIONS} whole numbers.", name)
    if not _whole_numbers(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _bad("A tensor's data_offsets must be two rising whole numbers.", name)
    fact = TensorFact(dtype=dtype, shape=tuple(shape), begin=offsets[0], end=offsets[1])
    if fact.size_bytes != fact.elements * DTYPE_BYTES[dtype]:
        raise _bad("A tensor's bytes do not match its shape and element type.", name)
    return fact


def _whole_numbers(value: Any) -> bool:
    # bool is an int in Python; numbers beyond 2**63 are no sizes.
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 2**63 for item in value
    )


def _check_layout(tensors: Mapping[str, TensorFact], data_bytes: int) -> None:
    """Tensors fill the rest of the file exactly: no hole to hide something in, no overlap, nothing cut off."""
    position = 0
    for name, fact in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if fact.begin != position:
            raise _bad("Tensors overlap or leave a hole in the file.", name)
        position = fact.end
    if position > data_bytes:
        raise WeightFileError(
            f"The weight file is cut short: {position - data_bytes:,} bytes are missing.",
            code="weights.truncated", hint=_HINT_AGAIN,
        )  # fmt: skip
    if position < data_bytes:
        raise _bad(f"The file has {data_bytes - position:,} bytes that belong to no tensor.")


def _bad(message: str, where: str = "") -> WeightFileError:
    return WeightFileError(message, code="weights.invalid_header", hint=_HINT_AGAIN, where=where)
