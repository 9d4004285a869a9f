"""Seeds, truncation, ways between seeds, and the answers of the inference worker."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml_core.anime.errors import RecogniserError
from ml_core.anime.generate.request import PaintRequest, pack_request, read_request
from ml_core.anime.generate.sampler import Sampler, noise_of
from ml_core.anime.tests.drawn import NAMES
from ml_core.errors import FormatError
from ml_core.run.predictor import get_predictor
from ml_core.weights.errors import WeightFileError, WeightMismatchError


@pytest.fixture(scope="module")
def weight(painted: Path) -> Path:
    return painted / "artifacts/weight"


@pytest.fixture(scope="module")
def sampler(weight: Path) -> Sampler:
    return Sampler(weight)


def test_a_seed_gives_the_same_image_in_any_company(sampler):
    alone, company = sampler.images(NAMES[0], [7]), sampler.images(NAMES[0], [1, 7, 3])
    assert torch.equal(alone[0], company[1]) and not torch.equal(company[0], company[1])


def test_truncation_takes_images_to_the_usual_one(sampler):
    spread = [float(sampler.images(NAMES[0], range(6), t).float().std(0).mean()) for t in (0.0, 0.5, 1.0)]
    assert spread[0] == 0 and spread[0] < spread[1] < spread[2]


def test_a_way_between_seeds_begins_and_ends_at_them_and_keeps_the_length_of_noise(sampler):
    way = sampler.interpolate(3, 9, 5)
    assert torch.equal(way[[0, -1]], sampler.images(NAMES[0], [3, 9]))
    steps = [(a.float() - b.float()).abs().mean() for a, b in zip(way, way[1:], strict=False)]
    assert max(steps) < (way[0].float() - way[-1].float()).abs().mean()
    assert torch.equal(sampler.interpolate(3, 3, 2)[0], sampler.interpolate(3, 3, 2)[1])


def test_noise_is_normal_and_different_for_each_seed():
    noise = noise_of(range(400))
    assert abs(float(noise.mean())) < 0.03 and abs(float(noise.std()) - 1) < 0.03
    assert len({tuple(row[:2].tolist()) for row in noise}) == 400


def test_the_worker_answers_with_images_and_what_they_are_worth(weight, sampler):
    predictor = get_predictor("anime.generator")()
    predictor.load(weight, "cpu")
    asked = [PaintRequest(NAMES[0], (4, 5, 6), 0.7), PaintRequest(NAMES[0], (4, 9), 1.0, steps=3)]
    batch = torch.stack([predictor.preprocess(pack_request(request)) for request in asked])
    seeds, way = (predictor.postprocess(row) for row in predictor.forward(batch))
    json.dumps([seeds, way])
    assert [image["seed"] for image in seeds["images"]] == [4, 5, 6]
    assert [image["share"] for image in way["images"]] == [0.0, 0.5, 1.0]
    with Image.open(io.BytesIO(base64.b64decode(seeds["images"][1]["png"]))) as image:
        assert np.array_equal(np.asarray(image), sampler.images(NAMES[0], [5], 0.7)[0].permute(1, 2, 0).numpy())
    for image in (*seeds["images"], *way["images"]):
        assert 0 <= image["confidence"] <= 1 and isinstance(image["agreed"], bool)
        assert image["nearest"]["path"].startswith(f"{NAMES[0]}/") and image["nearest"]["distance"] > 0


def test_another_character_is_refused(sampler, weight):
    with pytest.raises(RecogniserError) as refused:
        sampler.images("nobody", [1])
    assert refused.value.code == "anime.no_such_character" and NAMES[0] in refused.value.hint
    predictor = get_predictor("anime.generator")()
    predictor.load(weight, "cpu")
    with pytest.raises(RecogniserError):
        predictor.preprocess(pack_request(PaintRequest("nobody", (1,))))


@pytest.mark.parametrize(
    "request_",
    [
        PaintRequest("x", ()),
        PaintRequest("x", tuple(range(65))),
        PaintRequest("x", (-1,)),
        PaintRequest("x", (1,), 2.5),
        PaintRequest("x", (1,), float("nan")),
        PaintRequest("x", (1, 2, 3), 1.0, steps=4),
        PaintRequest("x", (1, 2), 1.0, steps=1),
    ],
)
def test_requests_out_of_range_are_refused(request_):
    with pytest.raises(FormatError) as refused:
        pack_request(request_)
    assert refused.value.code == "anime.paint_request"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"character": 3}', b"[" * 50_000, b'{"character":"x","seeds":"12"}']
)
def test_what_is_no_request_is_refused(content):
    with pytest.raises(FormatError):
        read_request(content)


def test_damaged_weights_are_refused(weight, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(weight, broken)
    (broken / "generator.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightFileError):
        Sampler(broken)
    shutil.copy(weight / "generator.safetensors", broken)
    facts = json.loads((broken / "generator.json").read_text())
    (broken / "generator.json").write_text(json.dumps({**facts, "paths": facts["paths"][1:]}))
    with pytest.raises(WeightMismatchError):
        Sampler(broken)
    (broken / "generator.json").write_text(json.dumps({**facts, "kind": "something else"}))
    with pytest.raises(WeightFileError):
        Sampler(broken)
