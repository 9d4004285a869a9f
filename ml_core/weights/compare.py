"""Do the tensors of a file fit a model? Every difference is named, so that the person can cure it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ml_core.weights.errors import WeightMismatchError

#: Element types between which torch converts without a change of meaning when weights are loaded.
_FLOATS: Final = frozenset({"F16", "BF16", "F32", "F64"})
_INTEGERS: Final = frozenset({"U8", "I8", "I16", "U16", "I32", "U32", "I64", "U64"})
_NAMED_AT_MOST: Final = 5

#: What wrappers put before every name: DataParallel and DistributedDataParallel, torch.compile, Lightning, EMA.
WRAPPER_PREFIXES: Final = ("module.", "_orig_mod.", "model.", "net.", "ema.")


@dataclass(frozen=True)
class TensorSpec:
    """What a model expects of one tensor. ``dtype`` as safetensors writes it, such as ``F32``."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Comparison:
    """All differences between what a model expects and what a file holds."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]
    prefix: str = ""

    @property
    def fits(self) -> bool:
        """True when the file can be loaded strictly."""
        return not (self.missing or self.unexpected or self.mismatched)

    def as_dict(self) -> dict[str, Any]:
        """For reports and pages."""
        return {"missing": list(self.missing), "unexpected": list(self.unexpected), "mismatched": list(self.mismatched)}

    def require_fit(self) -> None:
        """Raise when anything differs.

        Raises:
            WeightMismatchError: Names up to five tensors of each kind; ``where`` is the first one.
        """
        if self.fits:
            return
        parts = [
            _named(f"{len(self.missing)} missing", self.missing),
            _named(f"{len(self.unexpected)} unexpected", self.unexpected),
            _named(f"{len(self.mismatched)} of another shape or type", self.mismatched),
        ]
        hint = "Choose the architecture version that these weights were trained with."
        if self.prefix:
            hint = f"Every name begins with {self.prefix!r}, which a wrapper added: save model.module.state_dict()."
        first = next(iter((*self.mismatched, *self.missing, *self.unexpected))).split(" ")[0]
        raise WeightMismatchError(
            "The weights do not fit the architecture: " + "; ".join(part for part in parts if part) + ".",
            hint=hint, where=first,
        )  # fmt: skip


def compare_tensors(expected: Mapping[str, TensorSpec], found: Mapping[str, TensorSpec]) -> Comparison:
    """Compare by name, shape and kind of element. Another precision of float or integer is no difference."""
    mismatched = []
    for name in sorted(expected.keys() & found.keys()):
        wanted, given = expected[name], found[name]
        if wanted.shape != given.shape:
            mismatched.append(f"{name} {_shape(given.shape)} instead of {_shape(wanted.shape)}")
        elif not _convertible(wanted.dtype, given.dtype):
            mismatched.append(f"{name} {given.dtype} instead of {wanted.dtype}")
    missing = expected.keys() - found.keys()
    unexpected = found.keys() - expected.keys()
    return Comparison(
        missing=tuple(sorted(missing)),
        unexpected=tuple(sorted(unexpected)),
        mismatched=tuple(mismatched),
        prefix=_wrapper_prefix(missing, unexpected),
    )


def _convertible(wanted: str, given: str) -> bool:
    return wanted == given or {wanted, given} <= _FLOATS or {wanted, given} <= _INTEGERS


def _wrapper_prefix(missing: set[str], unexpected: set[str]) -> str:
    """The prefix that, taken away, would make unexpected names out of missing ones."""
    for prefix in WRAPPER_PREFIXES:
        if unexpected and {name.removeprefix(prefix) for name in unexpected} == missing:
            return prefix
    return ""


def _shape(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def _named(count: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    rest = len(names) - _NAMED_AT_MOST
    return f"{count} ({', '.join(names[:_NAMED_AT_MOST])}{f' and {rest} more' if rest > 0 else ''})"
