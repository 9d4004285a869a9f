from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml_core.run.cli import EXIT_FAILED, main
from ml_core.vision.export import formats
from ml_core.vision.export.parity import compare_classes
from ml_core.vision.tests.pictures import Pictures, config_for, make_pictures

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def weight(tmp_path_factory: pytest.TempPathFactory, pictures: Pictures) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "config.json").write_text(json.dumps(config_for(pictures, fit={"epochs": 8})))
    assert main(["vision.classify", "--config", str(folder / "config.json"), "--out", str(folder / "run")]) == 0
    return folder / "run/artifacts/weight"


def export(out: Path, code: int = 0, **settings: Any) -> dict[str, Any]:
    (out.parent / "export.json").write_text(json.dumps({"threads": 1, **settings}))
    assert main(["vision.export", "--config", str(out.parent / "export.json"), "--out", str(out)]) == code
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, weight: Path, pictures: Pictures) -> Path:
    out = tmp_path_factory.mktemp("exported") / "run"
    export(out, weight=str(weight), version=str(pictures.version), root=str(pictures.root), images=12)
    return out / "artifacts"


def test_both_formats_are_proved_on_images_that_were_held_out(exported: Path) -> None:
    report = json.loads((exported / "parity.json").read_text())
    assert (report["compared_on"], report["images"]) == ("images of the data set", 12)
    for facts in report["formats"].values():
        assert facts["is_proved"]
        assert facts["same_class"] == 1.0
        assert facts["largest_difference"] < 1e-5
        assert facts["ms_an_image"] > 0


def test_the_zip_predicts_by_itself_as_the_platform_does(
    exported: Path, weight: Path, pictures: Pictures, tmp_path: Path
) -> None:
    with zipfile.ZipFile(exported / "export.zip") as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path)
    assert names == {
        "model.onnx", "model.pt2", "preprocessing.json", "parity.json", "predict.py", "requirements.txt"
    }  # fmt: skip
    (tmp_path / "torch.py").write_text("raise ImportError('the program needs no torch')")
    shown = [item.path for item in pictures.items if item.split == "test"][:6]
    command = [
        sys.executable,
        str(tmp_path / "predict.py"),
        "--top",
        "1",
        *(str(pictures.root / name) for name in shown),
    ]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""})
    assert told.returncode == 0, told.stderr
    (tmp_path / "predict.json").write_text(
        json.dumps({"weight": str(weight), "root": str(pictures.root), "files": shown, "device": "cpu"})
    )
    main(["vision.predict", "--config", str(tmp_path / "predict.json"), "--out", str(tmp_path / "ours")])
    ours = json.loads((tmp_path / "ours/artifacts/predictions.json").read_text())
    ours.sort(key=lambda row: shown.index(row["path"]))
    lines = told.stdout.splitlines()[1::2]
    assert [line.split("%")[1].strip() for line in lines] == [row["top"][0]["class"] for row in ours]
    shares = [float(line.split("%")[0]) / 100 for line in lines]
    assert shares == pytest.approx([row["top"][0]["probability"] for row in ours], abs=0.02)


def test_without_a_data_set_the_proof_says_that_it_is_noise(tmp_path: Path, weight: Path) -> None:
    export(tmp_path / "run", weight=str(weight), formats=["torch_export"], images=3)
    report = json.loads((tmp_path / "run/artifacts/parity.json").read_text())
    assert report["compared_on"] == "noise"
    assert report["formats"]["torch_export"]["is_proved"]


def test_a_format_that_cannot_say_it_costs_only_itself(
    tmp_path: Path, weight: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("Unsupported: aten::mystery\nsecond line")

    broken = formats.Format("model.onnx", refuse, formats.FORMATS["onnx"].load)
    monkeypatch.setitem(formats.FORMATS, "onnx", broken)
    result = export(tmp_path / "both", weight=str(weight), images=2)
    report = json.loads((tmp_path / "both/artifacts/parity.json").read_text())
    assert "aten::mystery" in report["formats"]["onnx"]["error"]["hint"]
    assert "second line" not in report["formats"]["onnx"]["error"]["hint"]
    assert "file" in report["formats"]["torch_export"]
    assert "torch_export answers the same" in result["verdict"]
    alone = export(tmp_path / "alone", EXIT_FAILED, weight=str(weight), formats=["onnx"], images=2)
    assert alone["error"]["code"] == "export.not_possible"


def test_other_answers_are_not_called_the_same() -> None:
    def one(pixels: torch.Tensor) -> np.ndarray[Any, Any]:
        return np.tile(np.array([0.6, 0.4], np.float32), (len(pixels), 1))

    def other(pixels: torch.Tensor) -> np.ndarray[Any, Any]:
        return np.tile(np.array([0.6, 0.4] if len(pixels) == 1 else [0.4, 0.6], np.float32), (len(pixels), 1))

    parity = compare_classes(one, other, torch.zeros(9, 3, 4, 4, dtype=torch.uint8), 10)
    assert not parity.is_proved
    assert parity.same_class == pytest.approx(1 / 9)
    assert parity.largest_difference == pytest.approx(0.2)
