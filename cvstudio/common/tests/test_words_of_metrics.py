"""Identifiers of metrics are shown in words."""

from __future__ import annotations

import pytest

from cvstudio.common.wording import words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("map50", "mAP50"),
        ("test_map50", "Test: mAP50"),
        ("val_miou", "Validation: Mean IoU"),
        ("test_images", "Test images"),
    ],
)
def test_metrics_of_a_split_keep_their_own_names(name: str, shown: str) -> None:
    assert words(name) == shown
