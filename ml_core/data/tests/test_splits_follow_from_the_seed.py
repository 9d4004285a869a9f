"""Splits depend on the seed and the content alone."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_core.data.splits import stratified_splits


def images(counts: dict[int, int]) -> list[tuple[int, bytes]]:
    return [
        (label, hashlib.sha256(f"{label}-{number}".encode()).digest())
        for label, count in counts.items()
        for number in range(count)
    ]


def test_every_class_gives_its_share() -> None:
    listed = images({0: 100, 1: 40, 2: 7})
    chosen = stratified_splits(listed, seed=3, val=0.2, test=0.1)
    counted = Counter((label, chosen[digest]) for label, digest in listed)
    assert [counted[0, split] for split in ("train", "val", "test")] == [70, 20, 10]
    assert [counted[1, split] for split in ("train", "val", "test")] == [28, 8, 4]
    assert [counted[2, split] for split in ("train", "val", "test")] == [5, 1, 1]


def test_order_does_not_matter_and_the_seed_does() -> None:
    listed = images({0: 30, 1: 30})
    assert stratified_splits(listed, seed=1, val=0.2, test=0.2) == stratified_splits(
        listed[::-1], seed=1, val=0.2, test=0.2
    )
    assert stratified_splits(listed, seed=1, val=0.2, test=0.2) != stratified_splits(listed, seed=2, val=0.2, test=0.2)


@pytest.mark.parametrize(("count", "expected"), [(1, "100"), (2, "101"), (3, "111"), (4, "211")])
def test_small_classes_keep_a_training_image(count: int, expected: str) -> None:
    chosen = stratified_splits(images({0: count}), seed=0, val=0.15, test=0.15)
    counted = Counter(chosen.values())
    assert "".join(str(counted[split]) for split in ("train", "val", "test")) == expected


def test_no_share_means_none() -> None:
    assert set(stratified_splits(images({0: 50}), seed=0, val=0.0, test=0.0).values()) == {"train"}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), min_size=1, max_size=80),
    st.floats(0, 0.9), st.floats(0, 0.9), st.integers(0, 5),
)  # fmt: skip
def test_every_file_has_one_split_and_every_class_is_trained(
    pairs: list[tuple[int, int]], val: float, test: float, seed: int
) -> None:
    listed = [(label, hashlib.sha256(bytes([content])).digest()) for label, content in pairs]
    chosen = stratified_splits(listed, seed=seed, val=val, test=test)
    assert set(chosen) == {digest for _, digest in listed}
    first_label = {digest: min(label for label, other in listed if other == digest) for _, digest in listed}
    for label in set(first_label.values()):
        assert "train" in {chosen[digest] for digest, own in first_label.items() if own == label}
