"""The recipe from a collection and a recogniser to a generator; what interrupts it changes no bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch
from PIL import Image

from ml_core.anime.generate import task as task_module
from ml_core.anime.generate.sampler import Sampler
from ml_core.anime.generate.tests.running import SMALL, generate
from ml_core.anime.tests.drawn import NAMES, draw_face
from ml_core.run.context import RunContext
from ml_core.run.events import read_events
from ml_core.weights.folder import read_facts


def test_a_run_leaves_weights_a_report_and_sheets_of_the_same_noise(painted):
    result = json.loads((painted / "result.json").read_text())
    assert result["steps"] == SMALL["num_epochs"] * SMALL["epoch_steps"] and result["stopped"]["reason"] == "done"
    report = json.loads((painted / "artifacts/report.json").read_text())
    assert {"agreement", "diversity", "memorised", "grid_artefact", "description_distance"} <= set(report)
    assert "mobilenet_v2 of the recogniser" in report["perceptual_features"]
    assert not any("fid" in key.lower() for key in report)
    assert all(near["path"].startswith(f"{NAMES[0]}/") for near in report["nearest"])
    facts = read_facts(painted / result["weight"]["path"])
    assert facts.task == "anime.generator" and facts.classes == [NAMES[0]]
    sheets = sorted(path.name for path in (painted / "artifacts/samples").iterdir())
    assert sheets == ["judged.png", *(f"samples_epoch_{epoch}.png" for epoch in (1, 2, 3))]
    assert report["judged"] == {"sheet": "samples/judged.png", "columns": 8, "size": 32, "count": 16}
    assert [near["sample"] for near in report["nearest"]] == list(range(16))
    with Image.open(painted / "artifacts/samples/samples_epoch_3.png") as sheet:
        assert sheet.size == (8 * 32, 32)


def test_the_losses_of_both_networks_are_told(painted):
    events, _ = read_events(painted / "events.jsonl", 0, 1 << 30)
    told = set().union(*(event["data"]["values"] for event in events if event["kind"] == "metric"))
    assert {"generator.loss", "discriminator.loss", "generator.perceptual", "agreement", "diversity"} <= told


def test_training_brings_repainted_images_nearer_to_their_originals(painted):
    events, _ = read_events(painted / "events.jsonl", 0, 1 << 30)
    rows = [event["data"] for event in events if event["kind"] == "metric" and event["data"]["scope"] == "epoch"]
    found = [row["values"]["generator.perceptual"] for row in rows if "generator.perceptual" in row["values"]]
    assert found[-1] < found[0]


@pytest.mark.slow
def test_pauses_change_no_bit(painted, drawn, guide, tmp_path, monkeypatch):
    looks, limit = 0, 55

    def pause_now_and_then(_self: RunContext) -> str | None:
        nonlocal looks, limit
        looks += 1
        if looks < limit:
            return None
        looks, limit = 0, limit + 6
        return "pause"

    monkeypatch.setattr(RunContext, "requested", pause_now_and_then)
    out = tmp_path / "paused"
    asked = {"known": str(drawn), "recogniser": str(guide), "target_class": NAMES[0]}
    states = [generate(out, **asked)["state"]]
    while states[-1] == "paused":
        states.append(generate(out, resume=True, **asked)["state"])
    assert states[-1] == "completed" and len(states) > 1
    one, two = (
        safetensors.torch.load_file(folder / "artifacts/weight/generator.safetensors") for folder in (painted, out)
    )
    assert all(torch.equal(one[key], two[key]) for key in one)
    name = "artifacts/samples/samples_epoch_3.png"
    assert (painted / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.slow
def test_a_collapse_stops_the_training_and_is_told(drawn, guide, tmp_path, monkeypatch):
    monkeypatch.setattr(task_module, "COLLAPSED_BELOW", 1e9)  # whatever is painted counts as all the same
    out = tmp_path / "flat"
    asked = {"known": str(drawn), "recogniser": str(guide), "target_class": NAMES[0]}
    result = generate(out, num_epochs=9, **asked)
    assert result["state"] == "completed" and result["epochs"] == 3 and result["stop_reason"] == "collapse"
    assert "mode collapse" in json.loads((out / "artifacts/report.json").read_text())["stopped"]["message"]
    assert Sampler(out / "artifacts/weight").images(NAMES[0], [1]).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("wish", "code"),
    [("aio", "anime.no_such_character"), ("7", "anime.no_such_character"), ("лиса", "anime.no_such_character")],
)
def test_a_target_that_does_not_exist_is_refused(drawn, guide, tmp_path, wish, code):
    result = generate(tmp_path / "run", known=str(drawn), recogniser=str(guide), target_class=wish)
    assert result["state"] == "failed" and result["error"]["code"] == code
    assert wish in result["error"]["message"]


def test_a_number_means_the_place_in_the_recogniser(drawn, guide, tmp_path):
    known = tmp_path / "known"
    shutil.copytree(drawn, known)
    result = generate(tmp_path / "run", known=str(known), recogniser=str(guide), target_class="1", num_epochs=1)
    assert result["character"] == sorted(NAMES[:4])[1]


@pytest.mark.parametrize("images", [0, 1])
def test_a_character_with_one_image_or_none_is_refused(drawn, guide, tmp_path, images):
    known = tmp_path / "known"
    shutil.copytree(drawn, known)
    folder = known / NAMES[1]
    for path in sorted(folder.iterdir())[images:]:
        path.unlink()
    (folder / "notes.txt").write_text("no image")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
    result = generate(tmp_path / "run", known=str(known), recogniser=str(guide), target_class=NAMES[1])
    assert result["error"]["code"] == "anime.too_few_images"


def test_copies_do_not_count_as_images(drawn, guide, tmp_path):
    known = tmp_path / "known"
    shutil.copytree(drawn, known)
    paths = sorted((known / NAMES[1]).iterdir())
    for path in paths[1:]:
        shutil.copy(paths[0], path)
    result = generate(tmp_path / "run", known=str(known), recogniser=str(guide), target_class=NAMES[1])
    assert result["error"]["code"] == "anime.too_few_images"


def test_a_recogniser_of_other_characters_is_refused(drawn, guide, tmp_path):
    known = tmp_path / "known"
    shutil.copytree(drawn, known)
    (known / "somebody").mkdir()
    for seed in range(3):
        draw_face(5, seed).save(known / "somebody" / f"{seed}.png")
    result = generate(tmp_path / "run", known=str(known), recogniser=str(guide), target_class="somebody")
    assert result["error"]["code"] == "anime.other_characters" and "somebody" in result["error"]["message"]


def test_a_recogniser_without_a_network_is_refused(drawn, drawn_model: Path, tmp_path):
    result = generate(tmp_path / "run", known=str(drawn), recogniser=str(drawn_model), target_class=NAMES[0])
    assert result["error"]["code"] == "anime.no_network"


def test_features_that_cannot_be_had_are_refused(drawn, guide, tmp_path):
    asked = {"known": str(drawn), "recogniser": str(guide), "target_class": NAMES[0]}
    result = generate(tmp_path / "a", features="nowhere.safetensors", **asked)
    assert result["error"]["code"] == "anime.weights_missing"
    (tmp_path / "odd.safetensors").write_bytes(b"no tensors")
    assert generate(tmp_path / "b", features=str(tmp_path / "odd.safetensors"), **asked)["state"] == "failed"
