from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ml_core.errors import CodedError
from ml_core.stellar.predict import Classification, load_classifier
from ml_core.stellar.predict.classification import join
from ml_core.stellar.spectra.resample import GRID
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.survey import open_survey
from ml_core.stellar.survey_arrays import Arrays
from ml_core.stellar.training.tests.small import COMMON, STARS, STEMS, TINY, run

MODELS = list(TINY)


@pytest.fixture(scope="module")
def arrays(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return open_survey(survey).arrays(tmp_path_factory.mktemp("cache"), "both")


def _config(survey: Path, weights: Path, **changes: object) -> dict[str, object]:
    return {"survey": str(survey), "weights": str(weights), **COMMON, **changes}


@pytest.mark.parametrize("model", MODELS)
def test_every_star_gets_a_row_that_says_the_same_as_the_classifier(
    tmp_path: Path, survey: Path, trained: dict[str, Path], arrays: Arrays, model: str
) -> None:
    result = run("stellar.predict", _config(survey, trained[model]), tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    artifacts = tmp_path / "run" / "artifacts"
    with (artifacts / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    answers = load_classifier(trained[model]).classify(arrays)
    assert [row["name"] for row in rows] == arrays["name"].tolist()
    for number, row in enumerate(rows):
        assert row["predicted"] == (CLASSES[answers.label[number]] if answers.is_member[number] else "")
        chances = [float(row[f"p_{name}"]) for name in CLASSES]
        assert chances == pytest.approx(answers.probabilities[number].tolist(), abs=1e-4)
        assert float(row["confidence"]) == pytest.approx(float(answers.confidence[number]), abs=1e-4)
        assert row["spectrum_class"] == CLASSES[answers.by_modality["spectrum"][number].argmax()]
    summary = json.loads((artifacts / "predictions.json").read_text())
    assert sum(summary["counts"].values()) == summary["classified"] == STARS
    assert summary["modalities"]["both"] == STARS
    assert np.array(summary["confusion"]).sum() == STARS
    vectors = np.load(artifacts / "embedding.npy", allow_pickle=False)
    np.testing.assert_allclose(vectors, answers.embedding, rtol=1e-3, atol=1e-3)
    assert len(json.loads((artifacts / "embedding.json").read_text())["x"]) == STARS


@pytest.mark.parametrize("model", MODELS)
def test_answers_do_not_depend_on_what_is_not_looked_at(trained: dict[str, Path], arrays: Arrays, model: str) -> None:
    classifier = load_classifier(trained[model])
    changed = {
        **arrays,
        "image": 255 - np.array(arrays["image"]),
        "magnitudes": np.full((STARS, 5), np.nan, np.float32),
    }
    one, other = (classifier.classify(given, looked_at="spectrum") for given in (arrays, changed))
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert set(one.modality) == {"spectrum"}
    assert np.isnan(one.by_modality["image"]).all()
    without_u = {**arrays, "magnitudes": np.array(arrays["magnitudes"])}
    without_u["magnitudes"][:, 0] += 3
    before, after = classifier.classify(arrays), classifier.classify(without_u)
    np.testing.assert_array_equal(before.probabilities, after.probabilities)


@pytest.mark.parametrize("model", MODELS)
def test_stars_that_lack_something_are_classified_by_what_they_have(
    trained: dict[str, Path], arrays: Arrays, model: str
) -> None:
    partial = {name: np.array(column) for name, column in arrays.items()}
    partial["has_image"][:10], partial["has_spectrum"][10:20] = False, False
    partial["magnitudes"][:] = np.nan
    partial["has_image"][20], partial["has_spectrum"][20] = False, False
    answers = load_classifier(trained[model]).classify(partial, batch_size=7)
    assert np.isfinite(answers.probabilities).all()
    np.testing.assert_allclose(answers.probabilities.sum(1), 1, atol=1e-5)
    assert answers.modality.tolist()[:21] == ["spectrum"] * 10 + ["image"] * 10 + ["none"]
    np.testing.assert_allclose(answers.probabilities[20], 0.2, atol=1e-4)
    assert not answers.is_member[20]
    assert answers.confidence[20] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_a_hot_star_is_said_to_be_none(trained: dict[str, Path], arrays: Arrays, model: str) -> None:
    bright = int(np.argmax(arrays["sn"]))
    star = {name: np.array(column[bright : bright + 1]) for name, column in arrays.items()}
    assert load_classifier(trained[model]).classify(star, looked_at="spectrum").is_member[0]
    star["flux"] = np.where(star["ivar"] > 0, np.median(star["flux"]) * (GRID / 7500) ** -4, 0).astype(np.float32)
    answer = load_classifier(trained[model]).classify(star, looked_at="spectrum")
    assert not answer.is_member[0]
    assert answer.predicted[0] == -1
    assert answer.confidence[0] < 0.2


def test_stars_whose_files_are_damaged_keep_a_row_with_the_reason(
    tmp_path: Path, survey: Path, trained: dict[str, Path]
) -> None:
    copy = Path(shutil.copytree(survey, tmp_path / "survey"))
    broken = sorted((copy / "spectra/M1").iterdir())[0]
    broken.write_bytes(b"<html>not found</html>")
    sorted((copy / "images/M2").iterdir())[0].unlink()
    config = _config(copy, trained["recommended"], modality="both")
    assert run("stellar.predict", config, tmp_path / "run")["metrics"]["problems"] == 2
    with (tmp_path / "run/artifacts/predictions.csv").open() as stream:
        told = [row["problem"] for row in csv.DictReader(stream) if row["problem"]]
    assert len(told) == 2
    assert any("spectrum cannot be used" in problem for problem in told)
    assert any("picture" in problem and "missing" in problem for problem in told)


def test_only_the_chosen_stars_are_classified(
    tmp_path: Path, survey: Path, trained: dict[str, Path], arrays: Arrays
) -> None:
    names = arrays["name"].tolist()
    listed = tmp_path / "names.txt"
    listed.write_text(f"{names[7]}\n\n12345\n")
    config = _config(survey, trained["recommended"], names=[names[3]], names_file=str(listed))
    result = run("stellar.predict", config, tmp_path / "run")
    with (tmp_path / "run/artifacts/predictions.csv").open() as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream)}
    assert list(rows) == [names[3], names[7], "12345"]
    assert rows["12345"]["problem"] == "The survey has no such star."
    assert result["metrics"]["classified"] == 2
    nobody = run("stellar.predict", _config(survey, trained["recommended"], names=["12345"]), tmp_path / "none")
    assert nobody["error"]["code"] == "survey.nothing_usable"


def test_models_for_other_tasks_classes_or_grids_are_refused(tmp_path: Path, trained: dict[str, Path]) -> None:
    weights = Path(shutil.copytree(trained["recommended"] / "artifacts/weight", tmp_path / "weight"))
    facts = (weights / "weight.json").read_text()
    for old, new, code in (
        ('"task": "stellar.train"', '"task": "vision.classify"', "weights.wrong_task"),
        ('"M4"', '"M7"', "stellar.other_classes"),
        ("3522", "4000", "stellar.other_grid"),
        ('"model": "recommended"', '"model": "guess"', "weights.invalid_facts"),
    ):
        assert old in facts
        (weights / "weight.json").write_text(facts.replace(old, new))
        with pytest.raises(CodedError) as caught:
            load_classifier(weights)
        assert caught.value.code == code
        assert caught.value.hint
    (weights / "weight.json").write_text(facts)
    (weights / f"{STEMS['recommended']}.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(CodedError):
        load_classifier(weights)
    with pytest.raises(CodedError) as caught:
        load_classifier(tmp_path / "nowhere")
    assert caught.value.code == "weights.incomplete"


def _answers(count: int, novelty: float) -> Classification:
    chances = np.tile(np.array([0.9, 0.1, 0, 0, 0]), (count, 1))
    return Classification(
        probabilities=chances, by_modality={"spectrum": chances, "image": chances[:, ::-1]},
        type_mean=np.zeros(count), type_sd=np.ones(count), novelty=np.full(count, novelty),
        embedding=np.zeros((count, 2)), weights=np.full((count, 3), np.nan), modality=np.full(count, "both"),
    )  # fmt: skip


def test_confidence_falls_for_stars_that_are_none() -> None:
    member, doubtful, stranger = (_answers(1, novelty) for novelty in (0.3, 0.75, 1.0))
    assert member.confidence == pytest.approx(0.9)
    assert doubtful.confidence == pytest.approx(0.45)
    assert stranger.confidence == pytest.approx(0)
    joined = join([member, doubtful, stranger])
    assert joined.predicted.tolist() == [0, -1, -1]
    assert joined.disagrees.all()
    assert joined.take(slice(1, 3)).novelty.tolist() == [0.75, 1.0]
