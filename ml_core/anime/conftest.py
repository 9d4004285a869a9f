"""A small recogniser of drawn characters, made once for all tests that only ask it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def drawn_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weight folder of a recogniser without a network, which knows four drawn characters."""
    from ml_core.anime.collection.reading import read_collection
    from ml_core.anime.describe.describer import Describer
    from ml_core.anime.recognise.fitting import fit_prototypes
    from ml_core.anime.recognise.recogniser import Calibration, Exemplars, Recogniser
    from ml_core.anime.recognise.storage import save_recogniser
    from ml_core.anime.tests.drawn import draw_collection

    folder = tmp_path_factory.mktemp("drawn")
    collection = read_collection(draw_collection(folder / "known"))
    describer = Describer(kept=16, gaussians=8)
    describer.fit(collection.pixels, seed=0)
    descriptions = describer.describe(collection.pixels)
    keys = [picture.sha256 for picture in collection.pictures]
    fitted = fit_prototypes(descriptions, collection.labels, collection.copies.group_of.tolist(), keys, seed=0)
    exemplars = Exemplars(fitted.metric(descriptions), collection.labels, [p.path for p in collection.pictures])
    calibration = Calibration(fitted.temperature, 1.0, 1.0, fitted.kinship, fitted.familiar)
    model = Recogniser(collection.characters, describer, fitted.metric, exemplars, calibration)
    save_recogniser(model, folder / "model")
    return folder / "model"
