"""The recipe from a folder of drawn characters to a recogniser; what interrupts it changes no bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from PIL import Image

from ml_core.anime.online.learning import OnlineLearningSystem
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face
from ml_core.run.cli import main
from ml_core.run.context import RunContext
from ml_core.weights.folder import read_facts

TINY = {"epochs": 2, "batch_size": 8, "device": "cpu", "threads": 1, "ema_decay": 0.9}


def train(known: Path, out: Path, *, resume: bool = False, **changes: Any) -> dict[str, Any]:
    config = {"known": str(known), "image_size": 32, "validation": 0.2, "fit": TINY, **changes}
    path = out.with_name(f"{out.name}.json")
    path.write_text(json.dumps(config))
    main(["anime.classifier", "--config", str(path), "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = draw_collection(tmp_path_factory.mktemp("collection") / "known", characters=3, pictures=8)
    draw_face(0, 30).save(folder / NAMES[1] / "wrong.png")
    return folder


@pytest.fixture(scope="module")
def trained(known: Path) -> Path:
    out = known.parent / "trained"
    assert train(known, out)["state"] == "completed"
    return out


@pytest.mark.slow
def test_the_weight_folder_recognises_and_the_report_says_how_well(trained):
    result = json.loads((trained / "result.json").read_text())
    assert set(result["scores"]) == {"together", "network", "colour_and_texture"}
    assert result["scores"]["colour_and_texture"]["top1"] >= 0.8
    report = json.loads((trained / "artifacts/report.json").read_text())
    assert sum(map(sum, report["confusion"]["matrix"])) == result["images"]["held_out"] == report["images"]
    assert len(report["answers"]) == report["images"] and report["answers"][0] == {
        key: value for key, value in report["worst"][0].items() if key != "activation_map"
    }
    with Image.open(trained / "artifacts" / report["worst"][0]["activation_map"]) as looked:
        assert looked.width == 2 * looked.height
    weight = trained / result["weight"]["path"]
    facts = read_facts(weight)
    assert facts.classes == sorted(NAMES[:3]) and facts.files[0] == "recogniser.safetensors"
    system = OnlineLearningSystem(weight, trained.parent / "db")
    pictures = []
    for character in range(3):
        draw_face(character, 77).save(trained.parent / f"{character}.png")
        pictures.append(trained.parent / f"{character}.png")
    assert [answer.names[0] for answer in system.recognise(pictures)] == NAMES[:3]


@pytest.mark.slow
def test_a_wrong_label_is_doubted(trained):
    health = json.loads((trained / "artifacts/health.json").read_text())
    assert [(row["path"], row["likely"]) for row in health["doubts"][:1]] == [(f"{NAMES[1]}/wrong.png", NAMES[0])]


@pytest.mark.slow
def test_pauses_change_no_bit(known, trained, tmp_path, monkeypatch):
    looks, limit = 0, 12

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal looks, limit
        looks += 1
        if looks < limit:
            return None
        looks, limit = 0, 2 * limit
        return "pause"

    monkeypatch.setattr(RunContext, "requested", pause_now_and_then)
    torch.set_num_threads(2)  # what an earlier run of this process may have left: sums are taken in another order
    out = tmp_path / "paused"
    states = [train(known, out)["state"]]
    while states[-1] == "paused":
        states.append(train(known, out, resume=True)["state"])
    assert states[-1] == "completed" and len(states) > 2
    for name in ("network.safetensors", "recogniser.safetensors"):
        one, two = (safetensors.torch.load_file(folder / "artifacts/weight" / name) for folder in (trained, out))
        assert all(torch.equal(one[key], two[key]) for key in one), name


@pytest.mark.slow
def test_all_images_can_be_learnt_from_without_judging(known, tmp_path):
    result = train(known, tmp_path / "all", validation=0, fit={**TINY, "epochs": 1})
    assert result["state"] == "completed" and result["metrics"] == {} and result["images"]["held_out"] == 0


def test_one_character_is_refused_in_words(tmp_path):
    result = train(draw_collection(tmp_path / "one", characters=1, pictures=2), tmp_path / "run")
    assert result["state"] == "failed" and result["error"]["code"] == "anime.one_character"
