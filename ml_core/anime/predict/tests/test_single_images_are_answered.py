"""What the inference worker says about one image."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.recognise.storage import load_recogniser, save_recogniser
from ml_core.anime.tests.drawn import NAMES, draw_face
from ml_core.errors import FormatError
from ml_core.run.predictor import get_predictor


def picture(character: int, seed: int) -> bytes:
    stream = io.BytesIO()
    draw_face(character, seed).save(stream, "PNG")
    return stream.getvalue()


def loaded(folder: Path):
    predictor = get_predictor("anime.classifier")()
    predictor.load(folder, "cpu")
    return predictor


def ask(predictor, *images: bytes) -> list[dict]:
    rows = predictor.forward(torch.stack([predictor.preprocess(image) for image in images]))
    return [json.loads(json.dumps(predictor.postprocess(row))) for row in rows]


@pytest.fixture(scope="module")
def with_network(drawn_model, tmp_path_factory) -> Path:
    recogniser = load_recogniser(drawn_model)
    torch.manual_seed(0)
    recogniser.network = CharacterNetwork("mobilenet_v2", 3, 32).eval()
    recogniser.network_classes = recogniser.characters[:3]
    save_recogniser(recogniser, tmp_path_factory.mktemp("with_network"))
    return tmp_path_factory.getbasetemp() / "with_network0"


def test_characters_are_named_in_order_of_their_probabilities(drawn_model):
    for character, answer in enumerate(ask(loaded(drawn_model), *(picture(c, 50) for c in range(4)))):
        assert answer["top"][0]["name"] == NAMES[character]
        chances = [row["probability"] for row in answer["top"]]
        assert chances == sorted(chances, reverse=True) and sum(chances) == pytest.approx(1, abs=1e-4)


def test_the_nearest_known_image_of_a_known_image_is_itself(drawn_model):
    nearest = ask(loaded(drawn_model), picture(2, 3))[0]["nearest"]
    assert (nearest[0]["name"], nearest[0]["image"]) == (NAMES[2], f"{NAMES[2]}/03.png")
    assert nearest[0]["similarity"] == pytest.approx(1, abs=1e-3)
    assert [row["similarity"] for row in nearest] == sorted((row["similarity"] for row in nearest), reverse=True)


def test_unknown_is_what_lies_below_the_threshold(drawn_model):
    answers = ask(loaded(drawn_model), *(picture(c, s) for c in (0, 4, 5) for s in range(60, 64)))
    assert all(row["is_unknown"] == (row["familiarity"] < row["familiar_from"]) for row in answers)
    assert any(row["is_unknown"] for row in answers[4:]) and not answers[0]["is_unknown"]


def test_an_image_answers_alone_as_among_others(drawn_model):
    predictor = loaded(drawn_model)
    together = ask(predictor, picture(0, 50), picture(1, 50))
    alone = ask(predictor, picture(1, 50))[0]
    assert [row["name"] for row in together[1]["top"]] == [row["name"] for row in alone["top"]]
    assert together[1]["top"][0]["probability"] == pytest.approx(alone["top"][0]["probability"], abs=1e-5)


def test_without_a_network_there_is_no_map_of_where_it_looked(drawn_model):
    answer = ask(loaded(drawn_model), picture(0, 50))[0]
    assert answer["activation_map"] is None and answer["activation_of"] is None


def test_the_map_belongs_to_a_character_that_the_network_knows(with_network):
    recogniser = load_recogniser(with_network)
    answer = ask(loaded(with_network), picture(3, 50))[0]
    assert answer["activation_of"] in recogniser.network_classes
    image = Image.open(io.BytesIO(base64.b64decode(answer["activation_map"].split(",", 1)[1])))
    assert image.mode == "L" and image.getextrema()[1] in (0, 255)
    square = Image.open(io.BytesIO(base64.b64decode(answer["square"].split(",", 1)[1])))
    assert square.size == (160, 160) and square.mode == "RGB"


def test_what_is_no_image_is_refused(drawn_model):
    with pytest.raises(FormatError):
        loaded(drawn_model).preprocess(b"no image")


def test_weights_of_students_and_recognisers_are_served_alike():
    assert get_predictor("anime.distill") is get_predictor("anime.classifier") is get_predictor("anime.recogniser")


def test_a_folder_without_its_tensors_is_refused(drawn_model, tmp_path):
    shutil.copytree(drawn_model, tmp_path / "model")
    (tmp_path / "model/recogniser.safetensors").unlink()
    from ml_core.weights.errors import WeightFileError

    with pytest.raises(WeightFileError):
        loaded(tmp_path / "model")
