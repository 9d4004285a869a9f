"""Metric, prototypes, calibration and the joining with a network, against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.recognise.calibration import best_temperature, calibration_error, log_softmax
from ml_core.anime.recognise.fitting import fit_prototypes
from ml_core.anime.recognise.metric import fit_metric
from ml_core.anime.recognise.prototypes import few_picture_factors, prototypes
from ml_core.anime.recognise.recogniser import best_share, hear_network
from ml_core.anime.recognise.scores import full_report, summary, unknown_auroc
from ml_core.anime.recognise.storage import load_recogniser, save_recogniser
from ml_core.anime.tests.drawn import draw_face
from ml_core.weights.errors import WeightFileError, WeightMismatchError


def clusters(seed: int = 0, each: int = 30) -> tuple[torch.Tensor, torch.Tensor]:
    """Five classes in 40 values, buried under two values that vary much and tell nothing."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(5, 40, generator=torch.Generator().manual_seed(99))
    labels = torch.arange(5).repeat_interleave(each)
    vectors = centres[labels] + 0.4 * torch.randn(5 * each, 40, generator=generator)
    vectors[:, :2] += 20 * torch.randn(5 * each, 2, generator=generator)
    return vectors, labels


def test_the_metric_sees_through_what_varies_within_characters():
    vectors, labels = clusters()
    fresh, truth = clusters(seed=1)
    metric = fit_metric(vectors, labels)
    found = (metric(fresh) @ prototypes(metric(vectors), labels, 5).T).argmax(1)
    plain = (torch.nn.functional.normalize(fresh, dim=1) @ prototypes(vectors, labels, 5).T).argmax(1)
    assert (found == truth).float().mean() > 0.97 > (plain == truth).float().mean() + 0.1


def test_fitting_twice_gives_the_same_and_left_out_pictures_never_judge_themselves():
    vectors, labels = clusters(each=8)
    vectors[7] = vectors[39] + 0.01  # a copy of another character's picture
    groups = list(range(40))
    groups[7] = groups[39] = 7
    keys = [f"{number:02d}" for number in range(40)]
    one, two = (fit_prototypes(vectors, labels, groups, keys, seed=3) for _ in range(2))
    assert torch.equal(one.metric.basis, two.metric.basis)
    assert one.left_out.scores[7].argmax() == 4
    assert 0 < one.kinship < 1 and one.familiar < one.left_out.scores.max(axis=1).mean()


def test_prototypes_of_few_pictures_are_made_up_for():
    factors = few_picture_factors(torch.tensor([1, 5, 1000]), kinship=0.35)
    assert factors[0] > factors[1] > factors[2] and factors[2] == pytest.approx(1, abs=1e-3)


def test_the_temperature_makes_confidence_keep_its_word():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 6))
    labels = np.array([rng.choice(6, p=row) for row in np.exp(log_softmax(logits))])
    boastful = logits * 5
    temperature = best_temperature(boastful, labels)
    assert temperature == pytest.approx(5, rel=0.1)
    probabilities = np.exp(log_softmax(boastful / temperature))
    hits = probabilities.argmax(1) == labels
    assert calibration_error(probabilities.max(1), hits) < 0.03
    assert calibration_error(np.exp(log_softmax(boastful)).max(1), hits) > 0.2


@pytest.mark.parametrize("count", [1, 5, 20])
def test_few_images_that_are_all_right_do_not_make_certain(count):
    rng = np.random.default_rng(count)
    labels = np.arange(count) % 6
    logits = rng.normal(0, 1, (count, 6))
    logits[np.arange(count), labels] += 9.0
    confidence = np.exp(log_softmax(logits / best_temperature(logits, labels))).max(1)
    assert confidence.mean() <= (count + 1) / (count + 2)
    assert confidence.max() < 0.999
    if count == 20:
        assert confidence.mean() > 0.9


def test_a_network_moves_probability_only_among_those_it_knows():
    logs = log_softmax(np.array([[2.0, 1.0, 0.5, 3.0]]))
    heard = np.log(np.array([[0.05, 0.9, 0.05]]))
    joined = np.exp(hear_network(logs, heard, [0, 1, 2]))
    before = np.exp(logs)
    assert joined.sum() == pytest.approx(1)
    assert joined[0, 3] == pytest.approx(before[0, 3])
    assert joined[0, 1] > before[0, 1] and joined[0, 0] < before[0, 0]


def test_a_network_that_guesses_is_not_heard_and_a_good_one_is():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200)
    truth = np.eye(4)[labels]
    own = log_softmax(2 * truth + rng.normal(0, 1, (200, 4)))
    guesses = log_softmax(rng.normal(0, 2, (200, 4)))
    knows = log_softmax(3 * truth + rng.normal(0, 1, (200, 4)))
    assert best_share(own, guesses, labels)[0] == 0.0
    assert best_share(own, knows, labels)[0] >= 0.4


def test_reports_count_right():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]])
    labels = np.array([0, 1, 1, 2])
    report = full_report(probabilities, labels, ["a", "b", "c"], ["x", "x", "y", ""], ["1", "2", "3", "4"])
    assert report["scores"]["top1"] == 0.75 and report["scores"]["macro"] == pytest.approx((1 + 0.5 + 1) / 3)
    assert report["sources"] == {"x": {"images": 2, "top1": 1.0}, "y": {"images": 1, "top1": 0.0}}
    assert report["confusion"]["matrix"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert report["worst"][0]["path"] == "3"
    assert summary(probabilities, labels)["top5"] == 1.0


def test_strangers_are_ranked_with_ties_counted_half():
    assert unknown_auroc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == pytest.approx(3.5 / 4)


def test_a_recogniser_with_a_network_comes_back_as_it_was(drawn_model, tmp_path):
    model = load_recogniser(drawn_model)
    torch.manual_seed(0)
    model.network_classes = model.characters[:3]
    model.network = CharacterNetwork("mobilenet_v2", 3, 32).eval()
    save_recogniser(model, tmp_path / "saved")
    again = load_recogniser(tmp_path / "saved")
    pixels = torch.stack([torch.from_numpy(np.array(draw_face(c, 70))).permute(2, 0, 1) for c in range(3)])
    np.testing.assert_allclose(again.answer(pixels).probabilities, model.answer(pixels).probabilities, rtol=1e-6)
    seen = again.network.activation_map(pixels[0], 1)
    assert seen.ndim == 2 and float(seen.min()) >= 0 and float(seen.max()) <= 1


def test_damaged_folders_are_refused(drawn_model, tmp_path):
    model = load_recogniser(drawn_model)
    save_recogniser(model, tmp_path)
    content = (tmp_path / "recogniser.safetensors").read_bytes()
    (tmp_path / "recogniser.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightFileError):
        load_recogniser(tmp_path)
    save_recogniser(model, tmp_path)
    text = (tmp_path / "recogniser.json").read_text()
    (tmp_path / "recogniser.json").write_text(text.replace('"gaussians": 8', '"gaussians": 9'))
    with pytest.raises(WeightMismatchError):
        load_recogniser(tmp_path)
