from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from ml_core.stellar.training.tests.small import TINY, config_of, run, weights_of

MODELS = list(TINY)


@pytest.mark.parametrize("model", MODELS)
def test_the_report_says_all_about_the_stars_held_out(trained: dict[str, Path], model: str) -> None:
    result = json.loads((trained[model] / "result.json").read_text())
    report = json.loads((trained[model] / "artifacts/report.json").read_text())
    held_out = result["stars"]["validation"]
    assert result["stars"] == {"train": 45 - held_out, "validation": held_out, "left_out": 0}
    assert report["n"] == held_out == 10
    assert set(report["scores"]) == set(report["confusion"]) == {"all", "low", "high"}
    for source in ("fusion", "spectrum", "image"):
        scores = report["scores"]["all"][source]
        assert {"n", "accuracy", "macro_f1", "within_one", "ece", "macro_f1_error"} <= scores.keys()
        assert sum(map(sum, report["confusion"]["all"][source])) == held_out
        assert [row["class"] for row in report["per_class"][source]] == ["M0", "M1", "M2", "M3", "M4"]
    assert sum(report["scores"][group]["fusion"]["n"] for group in ("low", "high")) == held_out
    assert result["metrics"]["f1"] == report["scores"]["all"]["fusion"]["macro_f1"]
    wrong = sum(map(sum, report["confusion"]["all"]["fusion"])) - sum(
        report["confusion"]["all"]["fusion"][label][label] for label in range(5)
    )
    assert len(report["worst"]) == wrong
    assert [row["confidence"] for row in report["worst"]] == sorted(
        (row["confidence"] for row in report["worst"]), reverse=True
    )
    assert "weighted avg" in report["classification_report"]


@pytest.mark.parametrize("model", MODELS)
def test_the_checkpoint_holds_the_delivered_weights_under_the_training_id(trained: dict[str, Path], model: str) -> None:
    artifacts = trained[model] / "artifacts"
    training_id = json.loads((trained[model] / "result.json").read_text())["training_id"]
    exported = torch.load(artifacts / f"checkpoints/{training_id}_best.pth", weights_only=True)
    for name, value in weights_of(trained[model], model).items():
        assert torch.equal(exported[name], value), name
    for metric in ("loss", "accuracy", "precision", "recall", "f1"):
        with Image.open(artifacts / f"plots/{training_id}_{metric}.png") as picture:
            assert picture.format == "PNG"
            assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10
    facts = json.loads((artifacts / "weight/weight.json").read_text())
    assert facts["task"] == "stellar.train"
    assert facts["files"][0].endswith(".safetensors")
    assert "report.json" in facts["files"]
    assert facts["preprocessing"]["model"] == model
    assert str(trained[model]) not in json.dumps(facts)
    assert not (trained[model] / "cache").exists()


@pytest.mark.parametrize("model", MODELS)
def test_every_epoch_stands_in_the_history(trained: dict[str, Path], model: str) -> None:
    (entry,) = json.loads((trained[model] / "artifacts/training_history.json").read_text())
    assert [row["epoch"] for row in entry["epochs"]] == [1, 2, 3]
    assert all({"train_loss", "loss", "accuracy", "precision", "recall", "f1"} <= row.keys() for row in entry["epochs"])
    is_recommended = model == "recommended"
    best = max(entry["epochs"], key=lambda row: -row["loss"] if is_recommended else row["f1"])
    assert entry["best_epoch"] == best["epoch"]
    assert entry["config"]["model"] == model
    assert entry["final"]["f1"] is not None
    assert "survey" not in entry["config"]


def test_answers_about_the_held_out_stars_are_tables(trained: dict[str, Path], survey: Path) -> None:
    artifacts = trained["recommended"] / "artifacts"
    with (artifacts / "predictions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    with (survey / "objects.csv").open() as stream:
        known = {row["name"]: row["subclass"] for row in csv.DictReader(stream)}
    assert len(rows) == 10
    for row in rows:
        assert row["label"] == known[row["name"]]
        assert sum(float(row[f"p_M{label}"]) for label in range(5)) == pytest.approx(1, abs=1e-4)
    embedding = json.loads((artifacts / "embedding.json").read_text())
    assert embedding["names"] == [row["name"] for row in rows]
    assert {len(embedding[name]) for name in ("x", "y", "label", "predicted", "sn", "novelty")} == {10}


def test_trainings_append_to_one_history_and_leave_foreign_files_alone(tmp_path: Path, survey: Path) -> None:
    shared = tmp_path / "all" / "training_history.json"
    config = config_of("fusion_plain", survey, epochs=1, history_file=str(shared), modality="spectrum")
    ids = [run("stellar.train", config, tmp_path / name)["training_id"] for name in ("one", "two")]
    assert [entry["training_id"] for entry in json.loads(shared.read_text())] == ids
    shared.write_text("not a history")
    assert run("stellar.train", config, tmp_path / "three")["state"] == "completed"
    assert shared.read_text() == "not a history"
    report = json.loads((tmp_path / "one/artifacts/report.json").read_text())
    assert set(report["scores"]["all"]) == {"fusion", "spectrum"}


def test_a_survey_with_too_few_stars_is_refused(tmp_path: Path, survey: Path) -> None:
    poor = tmp_path / "poor"
    poor.mkdir()
    lines = (survey / "objects.csv").read_text().splitlines()
    (poor / "objects.csv").write_text("\n".join(lines[:3]) + "\n")
    for kind in ("spectra", "images"):
        (poor / kind).symlink_to(survey / kind)
    result = run("stellar.train", config_of("fusion_plain", poor), tmp_path / "run")
    assert result["state"] == "failed"
    assert result["error"]["code"] == "stellar.too_few_stars"


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory, survey: Path) -> Path:
    """The survey with some spectra and some other stars' pictures gone."""
    copy = Path(shutil.copytree(survey, tmp_path_factory.mktemp("gappy") / "survey"))
    for label in range(5):
        for path in (*sorted((copy / f"spectra/M{label}").iterdir())[:2],
                     *sorted((copy / f"images/M{label}").iterdir())[-3:]):  # fmt: skip
            path.unlink()
    return copy


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("modality", "left_out"), [("any", 0), ("spectrum", 10), ("image", 15), ("both", 25)])
def test_one_modality_is_enough_where_that_was_chosen(
    tmp_path: Path, gappy: Path, model: str, modality: str, left_out: int
) -> None:
    config = config_of(model, gappy, modality=modality, epochs=1, steps_per_epoch=2, cache=str(gappy / ".cache"))
    result = run("stellar.train", config, tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    assert result["stars"]["left_out"] == left_out
    sources = json.loads((tmp_path / "run/artifacts/report.json").read_text())["scores"]["all"]
    assert ("spectrum" in sources) == (modality != "image")
    assert ("image" in sources) == (modality != "spectrum")


@pytest.mark.slow
@pytest.mark.process
def test_two_processes_train_one_classifier(tmp_path: Path, survey: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sets = [f"--set={name}={value}" for name, value in config_of("recommended", survey, epochs=1).items()]
    command = [sys.executable, "-m", "ml_core", "stellar.train", *sets, "--out", str(tmp_path / "run")]
    common = {**os.environ, "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
              "MASTER_PORT": str(port)}  # fmt: skip
    ranks = [
        subprocess.Popen(command, env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)}, stderr=subprocess.PIPE)
        for rank in (0, 1)
    ]
    errors = [rank.communicate(timeout=300)[1].decode() for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], "\n".join(errors)
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["state"] == "completed"
    assert (tmp_path / "run/artifacts/weight/weight.json").is_file()
    assert not (tmp_path / "run/cache").exists()
