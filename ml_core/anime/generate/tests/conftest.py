"""A small collection, a recogniser with an untrained network that knows it, and one trained generator for all tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.generate.tests.running import generate
from ml_core.anime.recognise.storage import load_recogniser, save_recogniser
from ml_core.anime.tests.drawn import NAMES, draw_collection


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four characters with ten images each, as ``drawn_model`` knows them."""
    return draw_collection(tmp_path_factory.mktemp("drawn") / "known")


@pytest.fixture(scope="session")
def guide(drawn_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recogniser of drawn characters with a network beside it."""
    recogniser = load_recogniser(drawn_model)
    recogniser.network = CharacterNetwork("mobilenet_v2", len(recogniser.characters), 32).eval()
    recogniser.network_classes = list(recogniser.characters)
    folder = tmp_path_factory.mktemp("guide")
    save_recogniser(recogniser, folder)
    return folder


@pytest.fixture(scope="session")
def painted(drawn: Path, guide: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("painted") / "run"
    result: dict[str, Any] = generate(out, known=str(drawn), recogniser=str(guide), target_class=NAMES[0])
    assert result["state"] == "completed", result
    return out
