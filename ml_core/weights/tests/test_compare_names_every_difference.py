"""Weights that do not fit an architecture are refused with the tensors' names."""

from __future__ import annotations

import pytest

from ml_core.weights.compare import TensorSpec, compare_tensors
from ml_core.weights.errors import WeightMismatchError

EXPECTED = {
    "conv.weight": TensorSpec((8, 3, 3, 3), "F32"),
    "conv.bias": TensorSpec((8,), "F32"),
    "bn.num_batches_tracked": TensorSpec((), "I64"),
}


def test_equal_tensors_fit() -> None:
    comparison = compare_tensors(EXPECTED, dict(EXPECTED))
    assert comparison.fits
    comparison.require_fit()


def test_another_precision_of_the_same_kind_fits() -> None:
    found = dict(EXPECTED) | {"conv.bias": TensorSpec((8,), "BF16")}
    assert compare_tensors(EXPECTED, found).fits


def test_an_integer_tensor_does_not_stand_for_floats() -> None:
    found = dict(EXPECTED) | {"conv.bias": TensorSpec((8,), "I64")}
    assert compare_tensors(EXPECTED, found).mismatched == ("conv.bias I64 instead of F32",)


def test_missing_unexpected_and_mismatched_tensors_are_named() -> None:
    found = {"conv.weight": TensorSpec((16, 3, 3, 3), "F32"), "conv.bias": TensorSpec((8,), "F32"),
             "fc.weight": TensorSpec((2, 2), "F32")}  # fmt: skip
    with pytest.raises(WeightMismatchError) as caught:
        compare_tensors(EXPECTED, found).require_fit()
    assert caught.value.message == (
        "The weights do not fit the architecture: 1 missing (bn.num_batches_tracked); 1 unexpected (fc.weight); "
        "1 of another shape or type (conv.weight (16, 3, 3, 3) instead of (8, 3, 3, 3))."
    )
    assert caught.value.where == "conv.weight"


def test_a_wrapper_prefix_is_recognised_and_its_cure_named() -> None:
    found = {"module." + name: spec for name, spec in EXPECTED.items()}
    with pytest.raises(WeightMismatchError) as caught:
        compare_tensors(EXPECTED, found).require_fit()
    assert "'module.'" in caught.value.hint


def test_a_thousand_differences_make_a_short_sentence() -> None:
    expected = {f"layer{index}.weight": TensorSpec((1,), "F32") for index in range(1000)}
    with pytest.raises(WeightMismatchError) as caught:
        compare_tensors(expected, {}).require_fit()
    assert len(caught.value.message) < 400 and "and 995 more" in caught.value.message
