"""A small classifier on the real spectra of ../shared/data/stellar, learnt from simulated stars of real templates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml_core.run.cli import main
from ml_core.stellar.benchmark.real import CONFIDENT, classify_files, find_spectra, summarise_files
from ml_core.stellar.predict import load_classifier
from ml_core.stellar.spectra.subclass import CLASSES

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "stellar"
pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason="There are no real stars: ../shared/data/stellar is missing."),
    pytest.mark.slow,
    pytest.mark.timeout(400),  # simulates and trains for some 15 s of processor time
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("real")
    survey, trained = folder / "survey", folder / "trained"
    make = [sys.executable, str(SHARED / "make_survey.py"), "--n", "200", "--seed", "11", "--no-images"]
    subprocess.run([*make, "--fits-images", "0", "--out", str(survey)], check=True, capture_output=True)
    settings = {"survey": survey, "modality": "spectrum", "epochs": 3, "steps_per_epoch": 100, "threads": 1,
                "device": "cpu"}  # fmt: skip
    sets = [text for name, value in settings.items() for text in ("--set", f"{name}={value}")]
    assert main(["stellar.train", *sets, "--out", str(trained)]) == 0
    folders = [SHARED / name for name in ("spectra", "spectra_single_exposure", "spectra_other")]
    return classify_files(load_classifier(trained), find_spectra(folders))


def test_each_real_m_star_gets_the_class_that_its_survey_gave_it(told: list[dict[str, Any]]) -> None:
    stars = [facts for facts in told if facts.get("label") is not None and facts["label"] >= 0]
    assert len(stars) == 17
    wrong = [facts for facts in stars if facts["predicted"] != CLASSES[facts["label"]]]
    # Two hundred stars teach little: a star may be called unknown, but not by another class.
    assert all(facts["predicted"] is None for facts in wrong), wrong
    assert len(wrong) <= 2
    assert not [facts for facts in wrong if "single_exposure" not in facts["file"]]


def test_no_other_star_is_called_one_with_confidence(told: list[dict[str, Any]]) -> None:
    counts = summarise_files(told)
    assert (counts["others"], counts["called"]) == (5, 0)
    hot = [facts for facts in told if facts.get("subclass", "")[:1] in ("A", "F", "G")]
    assert len(hot) == 4
    assert all(facts["predicted"] is None and facts["confidence"] < CONFIDENT / 5 for facts in hot)
