from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml_core.anime.errors import CollectionError, RecogniserError
from ml_core.anime.fusion.answering import FusionPredictor
from ml_core.anime.fusion.captions import find_captions, read_captions
from ml_core.anime.fusion.pooling import Pooling, fit_pooling
from ml_core.anime.fusion.request import pack_question
from ml_core.anime.fusion.storage import load_fusion
from ml_core.anime.fusion.text.choose import choose_encoder
from ml_core.anime.fusion.text.scratch import ScratchEncoder
from ml_core.anime.fusion.text.task import TextClassifier, TextData
from ml_core.anime.predict.answering import CharacterPredictor
from ml_core.anime.tests.drawn import NAMES, draw_collection, draw_face
from ml_core.errors import FormatError
from ml_core.run.cli import main
from ml_core.run.context import RunContext
from ml_core.weights.errors import WeightMismatchError
from ml_core.weights.folder import read_folder

LOOKS = ["red hair, green eyes", "blue hair, red eyes", "green hair, violet eyes", "yellow hair, azure eyes"]
TEXTS = {
    name: {
        "full": f"Somebody with {looks} and a collar.",
        "partial": looks.split(",")[0],
        "variants": [f"Hair and eyes: {looks}.", f"An image of {looks}."],
    }
    for name, looks in zip(NAMES, LOOKS, strict=False)
}


def run(out: Path, *sets: str, resume: bool = False) -> dict[str, Any]:
    wishes = [f"--set={text}" for text in ("fit.threads=1", "fit.device=cpu", "fit.epochs=4", *sets)]
    main(["anime.fusion", *wishes, "--out", str(out), *(["--resume"] if resume else [])])
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = draw_collection(tmp_path_factory.mktemp("fusion") / "known")
    (folder.parent / "captions.json").write_text(json.dumps(TEXTS))
    return folder


@pytest.fixture(scope="module")
def trained(known: Path, drawn_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("fused") / "run"
    test = draw_collection(out.parent / "test", first=50, pictures=4)
    result = run(out, f"known={known}", f"test={test}", f"recogniser={drawn_model}", "text_model=scratch")
    assert result["state"] == "completed", result["error"]
    return out, result


def test_every_condition_is_judged_and_a_missing_text_changes_nothing(trained: tuple[Path, dict[str, Any]]) -> None:
    _, result = trained
    scores = result["scores"]
    assert set(scores) == {"image", "text", "both", "both_partial", "both_missing", "both_wrong"}
    assert scores["text"] > 0.9
    assert scores["both"] >= scores["image"]
    assert scores["both_missing"] == scores["image"]
    assert result["details"]["both_missing"] == result["details"]["image"]
    assert result["text_encoder"]["kind"] == "scratch"


def test_the_weight_answers_as_it_was_trained(trained: tuple[Path, dict[str, Any]], known: Path) -> None:
    weight = trained[0] / "artifacts/weight"
    fusion = load_fusion(weight)
    told = fusion.read([LOOKS[1], "", "..."])
    assert fusion.recogniser.characters[int(told[0].argmax())] == NAMES[1]
    assert np.allclose(told[1:], 1 / len(fusion.recogniser.characters))
    server = FusionPredictor()
    server.load(weight, "cpu")
    image = (known / NAMES[1] / "00.png").read_bytes()
    questions = [pack_question(LOOKS[1], image), pack_question("", image), pack_question(LOOKS[1])]
    rows = server.forward(torch.stack([server.preprocess(question) for question in questions]))
    both, alone, words = (server.postprocess(row) for row in rows)
    assert both["top"][0]["name"] == NAMES[1]
    assert both["trust"] > 0.5
    assert alone["top"] == alone["image"]
    assert alone["text"] is None
    assert words["image"] is None
    assert words["top"][0]["name"] == NAMES[1]
    sees = CharacterPredictor()
    sees.load(weight, "cpu")
    by_image = sees.postprocess(sees.forward(sees.preprocess(image)[None])[0])
    assert alone["top"] == by_image["top"]
    for part in ("is_unknown", "nearest", "square", "activation_map"):
        assert both[part] == alone[part] == by_image[part]
        assert part not in words
    plain = server.postprocess(server.forward(server.preprocess(image)[None])[0])
    assert plain == alone  # an image by itself is a question too
    with pytest.raises(FormatError):
        pack_question("  ")
    with pytest.raises(FormatError):
        server.preprocess(b"nonsense")


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(
    trained: tuple[Path, dict[str, Any]], known: Path, drawn_model: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    settings = [f"known={known}", f"recogniser={drawn_model}", "text_model=scratch"]
    whole = run(tmp_path / "whole", *settings)
    looks = 0

    def pause_once(_self: RunContext) -> str | None:
        nonlocal looks
        looks += 1
        return "pause" if looks == 30 else None

    with monkeypatch.context() as patch:
        patch.setattr(RunContext, "requested", pause_once)
        assert run(tmp_path / "cut", *settings)["state"] == "paused"
    result = run(tmp_path / "cut", *settings, resume=True)
    assert result["state"] == "completed", result["error"]
    assert result["details"] == whole["details"]
    files = [path / "artifacts/weight/fusion.safetensors" for path in (tmp_path / "whole", tmp_path / "cut")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    letters = [*"abcdefghijklmnopqrstuvwxyz:,."]
    colours = ["red", "green", "blue", "violet", "yellow", "azure"]
    words = ["hair", "eyes", *colours, "somebody", "with", "and", "collar", "image", "of"]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters, *(f"##{letter}" for letter in letters)]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab={piece: place for place, piece in enumerate(pieces)}).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_a_bert_of_a_folder_reads_the_texts_and_is_kept_in_the_weight(
    known: Path, drawn_model: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    settings = [f"known={known}", f"recogniser={drawn_model}", f"text_model={tiny_bert}", "fit.epochs=12"]
    result = run(tmp_path / "run", *settings)
    assert result["state"] == "completed", result["error"]
    assert result["text_encoder"]["kind"] == "bert"
    assert result["scores"]["text"] > 0.6
    fusion = load_fusion(tmp_path / "run/artifacts/weight")  # the folder it came from is not needed any more
    assert fusion.recogniser.characters[int(fusion.read([LOOKS[2]])[0].argmax())] == NAMES[2]


@pytest.mark.slow
def test_without_a_recogniser_one_is_trained_first(known: Path, tmp_path: Path) -> None:
    tiny = ["classifier.image_size=32", "classifier.pretrained=scratch", "classifier.fit.epochs=1"]
    result = run(tmp_path / "run", f"known={known}", "text_model=scratch", *tiny)
    assert result["state"] == "completed", result["error"]
    assert load_fusion(tmp_path / "run/artifacts/weight").recogniser.network is not None
    assert result["scores"]["both"] >= result["scores"]["image"]


def test_where_no_bert_can_be_had_a_small_encoder_takes_its_place_and_says_so(tmp_path: Path) -> None:
    encoder, note = choose_encoder("auto", ["red hair"], frozen=True)
    assert encoder.kind == "bert" or "instead" in note
    with pytest.raises(RecogniserError) as failure:
        choose_encoder(str(tmp_path), ["red hair"], frozen=True)
    assert failure.value.code == "anime.text_model"


def test_a_text_is_about_everybody_whom_it_fits() -> None:
    encoder = ScratchEncoder(["red"])
    data = TextData(encoder, [["red hair and black eyes"], ["red hair"], ["a blue coat"]], seed=0)
    fits = data._fitting("red hair")
    assert fits[0] == fits[1] > 4 * fits[2]
    tokens, targets = data.batch(range(40), epoch=1)
    again, same = data.batch(range(40), epoch=1)
    assert torch.equal(targets, same)
    assert all(torch.equal(tokens[name], again[name]) for name in tokens)
    assert torch.allclose(targets.sum(1), torch.ones(40))


def test_how_far_texts_are_believed_follows_from_how_often_they_are_wrong() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(5, size=800)
    image = np.log(np.full((800, 5), 0.1))
    right = np.where(rng.random(800) < 0.7, labels, rng.integers(5, size=800))
    image[np.arange(800), right] = np.log(0.6)

    def told(wrong: float) -> Pooling:
        about = np.where(rng.random(800) < wrong, (labels + 1) % 5, labels)
        text = np.full((800, 5), np.log(0.05))
        text[np.arange(800), about] = np.log(4.8)
        return fit_pooling(image, text, labels)

    trusting, doubting = told(0.1), told(0.6)
    sure = np.log(np.array([[0.96, 0.01, 0.01, 0.01, 0.01]]))
    says = np.log(np.array([[0.05, 4.8, 0.05, 0.05, 0.05]]))
    assert trusting.joined(sure, says)[0][0, 1] > doubting.joined(sure, says)[0][0, 1]
    joined, trust = doubting.joined(sure, says)
    assert joined[0].argmax() == 0  # a sure image is not overruled
    assert trust[0] < doubting.joined(sure, says[:, [1, 0, 2, 3, 4]])[1][0]
    assert np.allclose(doubting.joined(sure, np.zeros((1, 5)))[0], np.exp(sure))


def test_captions_are_read_in_every_form_and_refused_when_they_are_none(tmp_path: Path) -> None:
    path = tmp_path / "captions.json"
    path.write_text(json.dumps({"a": "one", "b": ["two", 3, " two "], "c": {"partial": "p"}, "d": {}, "e": None}))
    found = read_captions(path)
    assert {name: texts.texts for name, texts in found.items()} == {"a": ("one",), "b": ("two",), "c": ("p",)}
    assert find_captions(tmp_path) == path
    assert find_captions(tmp_path / "known") == path
    assert found["a"].divided(5) == (("one",), "one")
    path.write_text("[1]")
    for given in (path, tmp_path / "none.json"):
        with pytest.raises(CollectionError) as failure:
            read_captions(find_captions(tmp_path, str(given)) or path)
        assert failure.value.code == "anime.captions"


def test_without_texts_or_with_another_recogniser_the_run_says_what_is_missing(
    drawn_model: Path, tmp_path: Path
) -> None:
    known = draw_collection(tmp_path / "known", characters=5, pictures=2)
    result = run(tmp_path / "a", f"known={known}", f"recogniser={drawn_model}")
    assert result["error"]["code"] == "anime.other_characters"
    known = draw_collection(tmp_path / "more/known", characters=3, pictures=2)
    result = run(tmp_path / "b", f"known={known}", f"recogniser={drawn_model}")
    assert result["error"]["code"] == "anime.no_captions"


def test_a_character_is_added_to_what_reads_and_it_goes_on_reading(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    for number in range(6):
        draw_face(4, number).save(tmp_path / f"new/{number}.png")
    settings = {"recogniser": str(trained[0]), "name": NAMES[4], "images": str(tmp_path / "new")}
    main(["anime.enrol", *(f"--set={key}={value}" for key, value in settings.items()), "--out", str(tmp_path / "run")])
    weight = tmp_path / "run/artifacts/weight"
    facts, _ = read_folder(weight)
    assert facts.task == "anime.fusion" and set(facts.classes) == set(NAMES[:5])
    fusion = load_fusion(weight)
    assert fusion.recogniser.characters[int(fusion.read([LOOKS[1]])[0].argmax())] == NAMES[1]
    server = FusionPredictor()
    server.load(weight, "cpu")
    rows = server.forward(server.preprocess((tmp_path / "new/0.png").read_bytes())[None])
    assert server.postprocess(rows[0])["top"][0]["name"] == NAMES[4]


def test_tensors_of_another_fusion_are_refused(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    weight = trained[0] / "artifacts/weight"
    for path in weight.iterdir():
        (tmp_path / path.name).symlink_to(path)
    facts = json.loads((weight / "fusion.json").read_text())
    (tmp_path / "fusion.json").unlink()
    (tmp_path / "fusion.json").write_text(json.dumps({**facts, "described": ["one", "two"]}))
    with pytest.raises(WeightMismatchError):
        load_fusion(tmp_path)
    assert isinstance(load_fusion(weight).classifier, TextClassifier)
