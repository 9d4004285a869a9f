from __future__ import annotations

import csv
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from ml_core.errors import FormatError
from ml_core.run.cli import main
from ml_core.run.predictor import UnknownPredictorError, get_predictor
from ml_core.vision.tests.pictures import Pictures, config_for
from ml_core.weights.errors import WeightFileError


@pytest.fixture(scope="module")
def weight(tmp_path_factory: pytest.TempPathFactory, pictures: Pictures) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "config.json").write_text(json.dumps(config_for(pictures, fit={"epochs": 8})))
    assert main(["vision.classify", "--config", str(folder / "config.json"), "--out", str(folder / "run")]) == 0
    return folder / "run/artifacts/weight"


def _predict(out: Path, **settings: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    path = out.parent / "predict.json"
    path.write_text(json.dumps({"device": "cpu", "threads": 1, "batch_size": 4, **settings}))
    main(["vision.predict", "--config", str(path), "--out", str(out)])
    result = json.loads((out / "result.json").read_text())
    rows = []
    if result["state"] == "completed":
        with (out / "artifacts/predictions.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        assert len(json.loads((out / "artifacts/predictions.json").read_text())) == len(rows)
    return result, rows


def test_a_version_is_predicted_and_scored_as_training_scored_it(out: Path, weight: Path, pictures: Pictures) -> None:
    result, rows = _predict(
        out, weight=str(weight), root=str(pictures.root), version=str(pictures.version), split="test"
    )
    trained = json.loads((weight.parents[1] / "result.json").read_text())["metrics"]
    assert len(rows) == 15
    assert result["metrics"]["accuracy"] == pytest.approx(trained["test_accuracy"])


def test_a_folder_with_bad_images_gives_a_row_for_each(out: Path, weight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    (folder / "inner").mkdir(parents=True)
    Image.new("CMYK", (30, 20), (10, 200, 30, 0)).save(folder / "a.jpg")
    Image.new("RGBA", (30, 20), (0, 0, 255, 128)).save(folder / "inner/b.png")
    Image.new("I;16", (30, 20), 30000).save(folder / "c.png")
    (folder / "broken.jpg").write_bytes((folder / "a.jpg").read_bytes()[:200])
    (folder / "=cmd.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("not asked for")
    result, rows = _predict(out, weight=str(weight), root=str(folder))
    assert [row["path"] for row in rows] == ["'=cmd.png", "a.jpg", "broken.jpg", "c.png", "inner/b.png"]
    assert [bool(row["error"]) for row in rows] == [True, False, True, False, False]
    assert result["metrics"] == {"images": 5, "failed": 2}


def test_a_name_that_is_no_utf8_costs_nothing(out: Path, weight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    Image.new("RGB", (30, 20)).save(folder / "a.png")
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes((folder / "a.png").read_bytes())
    result, rows = _predict(out, weight=str(weight), root=str(folder))
    assert [row["path"] for row in rows] == ["a.png", "caf\\udce9.png"]
    assert result["metrics"] == {"images": 2, "failed": 0}


def test_links_and_pipes_in_a_folder_are_left_alone(out: Path, weight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    Image.new("RGB", (30, 20)).save(tmp_path / "secret.png")
    Image.new("RGB", (30, 20)).save(folder / "a.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(folder / "pipe.png")
    _, rows = _predict(out, weight=str(weight), root=str(folder))
    assert [row["path"] for row in rows] == ["a.png"]


def test_files_outside_the_folder_are_refused(out: Path, weight: Path, pictures: Pictures) -> None:
    result, _ = _predict(out, weight=str(weight), root=str(pictures.root), files=["../../secret.png"])
    assert result["error"]["code"] == "data.outside"


def test_no_images_is_a_named_failure(out: Path, weight: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result, _ = _predict(out, weight=str(weight), root=str(tmp_path / "empty"))
    assert (result["error"]["code"], result["cause"]) == ("data.empty", "data")


def test_the_predictor_answers_like_the_batch(out: Path, weight: Path, pictures: Pictures) -> None:
    names = [item.path for item in pictures.items if item.split == "test"]
    _, rows = _predict(out, weight=str(weight), root=str(pictures.root), files=names)
    answerer = get_predictor("vision.classify")()
    answerer.load(weight, "cpu")
    tensors = [answerer.preprocess((pictures.root / name).read_bytes()) for name in names]
    answers = [answerer.postprocess(row) for row in answerer.forward(torch.stack(tensors))]
    for row, answer in zip(rows, answers, strict=True):
        best = answer["top"][0]
        assert row["class"].removeprefix("'") == best["class"]
        assert float(row["probability"]) == pytest.approx(best["probability"], abs=1e-5)
        assert sum(entry["probability"] for entry in answer["top"]) == pytest.approx(1, abs=1e-5)


def test_the_predictor_refuses_what_is_no_image_and_damaged_folders(weight: Path, tmp_path: Path) -> None:
    answerer = get_predictor("vision.classify")()
    answerer.load(weight, "cpu")
    with pytest.raises(FormatError):
        answerer.preprocess(b"<svg/>")
    with pytest.raises(WeightFileError):
        get_predictor("vision.classify")().load(tmp_path, "cpu")
    with pytest.raises(UnknownPredictorError, match="No predictor"):
        get_predictor("vision.clasify")


def test_an_archive_is_predicted_and_its_images_stay_with_the_run(out: Path, weight: Path, tmp_path: Path) -> None:
    archive = tmp_path / "pictures.zip"
    Image.new("RGB", (30, 20), (10, 20, 200)).save(tmp_path / "a.png")
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(tmp_path / "a.png", "inner/a.png")
        packed.writestr("inner/broken.png", b"no image")
    result, rows = _predict(out, weight=str(weight), archive=str(archive))
    assert [row["path"] for row in rows] == ["inner/a.png", "inner/broken.png"]
    assert result["metrics"] == {"images": 2, "failed": 1}
    assert (out / "images/inner/a.png").is_file()  # for those who look at the answers


def test_an_archive_that_leads_out_is_refused_with_nothing_left(out: Path, weight: Path, tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../evil.png", b"x")
    result, _ = _predict(out, weight=str(weight), archive=str(archive))
    assert result["state"] == "failed" and result["error"]["code"].startswith("archive.")
    assert not (out / "images").exists() and not (tmp_path / "evil.png").exists()
