"""One trained classifier for all tests that ask one."""

from __future__ import annotations

import pytest

from ml_core.stellar.classifier import StarClassifier
from ml_core.stellar.classifier.tests.stars import Arrays, simulate_arrays, train


@pytest.fixture(scope="session")
def stars() -> Arrays:
    """Training stars."""
    return simulate_arrays(150)


@pytest.fixture(scope="session")
def others() -> Arrays:
    """Stars that no classifier was trained on."""
    return simulate_arrays(100, seed=1)


@pytest.fixture(scope="session")
def classifier(stars: Arrays) -> StarClassifier:
    """Trained for a few seconds."""
    return train(stars)
