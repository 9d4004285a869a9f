from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ml_core.errors import CodedError
from ml_core.run.predictor import Predictor, get_predictor
from ml_core.stellar.predict import load_classifier
from ml_core.stellar.predict.attribution import RANGES, attribute
from ml_core.stellar.predict.request import StarRequest, pack_star, unpack_star
from ml_core.stellar.survey import open_survey
from ml_core.stellar.training.tests.small import TINY

MODELS = list(TINY)


@pytest.fixture(scope="module", params=MODELS)
def served(request: pytest.FixtureRequest, trained: dict[str, Path]) -> Predictor:
    found = get_predictor("stellar.train")()
    found.load(trained[request.param], "cpu")
    return found


def _files(survey: Path) -> tuple[Path, Path]:
    name = next(iter(open_survey(survey).complete))
    opened = open_survey(survey)
    return opened.spectra[name], opened.images[name]


def _ask(served: Predictor, *stars: StarRequest) -> list[dict[str, Any]]:
    batch = torch.stack([served.preprocess(pack_star(star)) for star in stars])
    with torch.inference_mode():
        return [served.postprocess(row) for row in served.forward(batch)]


def test_requests_come_back_as_they_were_packed() -> None:
    star = StarRequest(b"spectrum", "s.fits", b"picture", "p.jpg", {"g": 18.5, "r": 17.25}, attribution=True)
    assert unpack_star(pack_star(star)) == star
    only = StarRequest(image=b"x", magnitudes={"i": float("nan"), "foo": 3.0})
    assert unpack_star(pack_star(only)) == StarRequest(image=b"x")
    assert unpack_star(pack_star(StarRequest(magnitudes={"g": 18.0, "i": 16.0}))).magnitudes == {"g": 18.0, "i": 16.0}
    for empty in (StarRequest(), StarRequest(magnitudes={"u": 18.0, "g": 18.0})):
        with pytest.raises(CodedError) as caught:
            pack_star(empty)
        assert caught.value.code == "star.empty"
    packed = pack_star(star)
    for damaged in (b"", b"\xff" * 30, packed[:-1], packed + b"x", packed.replace(b"{", b"[", 1)):
        with pytest.raises(CodedError) as caught:
            unpack_star(damaged)
        assert caught.value.code == "star.damaged"


def test_uploads_get_the_answer_that_the_survey_gets(served: Predictor, survey: Path, tmp_path: Path) -> None:
    spectrum, image = (path.read_bytes() for path in _files(survey))
    arrays = open_survey(survey).arrays(tmp_path, "both")
    row = {name: np.array(column[:1]) for name, column in arrays.items()}
    bands = dict(zip("ugriz", row["magnitudes"][0].tolist(), strict=True))
    both, alone, picture = _ask(
        served, StarRequest(spectrum, "a.fits", image, "b.jpg", bands, attribution=True),
        StarRequest(spectrum, "a.fits"), StarRequest(image=image, image_name="b.jpg"),
    )  # fmt: skip
    expected = served._loaded.classify(row)  # type: ignore[attr-defined]
    assert list(both["probabilities"].values()) == pytest.approx(expected.probabilities[0].tolist(), abs=1e-5)
    assert both["modality"] == "both"
    assert {"spectrum", "image"} <= both["by_modality"].keys()
    assert (alone["modality"], alone["image"], alone["attribution"]) == ("spectrum", None, None)
    assert set(alone["by_modality"]) == {"spectrum"}
    assert (picture["modality"], picture["spectrum"]) == ("image", None)
    for answer in (both, alone, picture):
        json.dumps(answer, allow_nan=False)
        assert answer["top"][0]["class"] == answer["most_likely"]
        assert answer["class"] == (answer["most_likely"] if answer["is_member"] else None)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    told = both["spectrum"]
    assert len(told["flux"]) == len(told["error"]) == told["grid"]["points"] == 3522
    assert told["flux"] == pytest.approx(row["flux"][0].tolist(), rel=1e-3, abs=1e-6)
    assert told["medium"] == "vacuum"
    assert told["sn"] == pytest.approx(float(row["sn"][0]), rel=1e-3)
    shown = Image.open(io.BytesIO(base64.b64decode(both["image"]["picture"].split(",")[1])))
    np.testing.assert_array_equal(np.asarray(shown), row["image"][0])
    explained = both["attribution"]
    assert len(explained["spectrum"]["value"]) == RANGES
    assert explained["spectrum"]["start"][0] == pytest.approx(4000, abs=1)
    assert np.array(explained["image"]["values"]).shape == (32, 32)


def test_files_that_cannot_be_used_are_named(served: Predictor, survey: Path) -> None:
    spectrum, image = (path.read_bytes() for path in _files(survey))
    for star, where in (
        (StarRequest(b"<html>", "a.fits", image, "b.jpg"), "spectrum"),
        (StarRequest(spectrum[:5000], "a.fits"), "spectrum"),
        (StarRequest(spectrum, "a.fits", b"no picture", "b.jpg"), "image"),
    ):
        with pytest.raises(CodedError) as caught:
            served.preprocess(pack_star(star))
        assert caught.value.where == where
        assert caught.value.message


def test_a_region_that_decides_has_the_largest_effect(trained: dict[str, Path], survey: Path, tmp_path: Path) -> None:
    classifier = load_classifier(trained["recommended"])
    arrays = open_survey(survey).arrays(tmp_path, "both")
    star = {name: np.array(column[:1]) for name, column in arrays.items()}

    class OneCue:
        """The class hangs on the flux near 7000 A and on the brightness of the centre."""

        def classify(self, rows: dict[str, np.ndarray[Any, Any]], batch_size: int) -> Any:
            answers = classifier.classify(rows)
            known = (rows["ivar"][:, 2400:2420] > 1e-3 * star["ivar"][0, 2400:2420]).mean(1)
            bright = rows["image"][:, 62:66, 62:66].mean((1, 2, 3)) / 255
            chance = 0.2 + 0.3 * known + 0.3 * bright
            answers.probabilities[:] = ((1 - chance) / 4)[:, None]
            answers.probabilities[:, 1] = chance
            return answers

    star["image"][0], star["image"][0, 60:68, 60:68] = 10, 250
    found = attribute(OneCue(), star, label=1)  # type: ignore[arg-type]
    strongest = int(found.spectrum.argmax())
    assert found.start[strongest] < 10 ** (np.log10(4000) + 2410e-4) < found.end[strongest]
    assert np.count_nonzero(np.abs(found.spectrum) > 1e-9) == 1
    assert found.image is not None
    top = np.argwhere(found.image > 0.01)
    assert top.tolist() == [[15, 15], [15, 16], [16, 15], [16, 16]]
