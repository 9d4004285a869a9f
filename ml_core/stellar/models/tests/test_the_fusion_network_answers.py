from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
import safetensors.torch
import torch
from torch import nn
from torchvision import models

from ml_core.errors import CodedError
from ml_core.stellar.models.augment import renoise, turn_pictures
from ml_core.stellar.models.fusion import FusionModel
from ml_core.stellar.models.fusion_classifier import FusionClassifier, FusionSettings
from ml_core.stellar.models.image_encoder import ImageEncoder, image_input
from ml_core.stellar.models.output import INPUTS
from ml_core.stellar.models.pretrained import PretrainedError
from ml_core.stellar.models.spectrum_encoder import SpectrumEncoder, spectrum_input
from ml_core.stellar.models.temperature import fit_temperature
from ml_core.stellar.network_files import GRID_FACTS
from ml_core.stellar.spectra.resample import POINTS

SMALL = FusionSettings(backbone="small", d_model=16, num_heads=2, num_layers=1)


def _batch(count: int = 4) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return {
        "flux": 3 + torch.rand(count, POINTS, generator=generator),
        "ivar": torch.full((count, POINTS), 9.0),
        "image": torch.randint(256, (count, 128, 128, 3), generator=generator).to(torch.uint8),
        "photometry": torch.full((count, 5), 18.0),
        "has_spectrum": torch.ones(count, dtype=torch.bool),
        "has_image": torch.ones(count, dtype=torch.bool),
        "label": torch.arange(count) % 5,
    }


def _answer(model: FusionClassifier, batch: dict[str, torch.Tensor]):  # type: ignore[no-untyped-def]
    with torch.no_grad():
        return model.eval()(*(batch[name] for name in INPUTS))


def test_the_specifications_parts_have_the_specifications_shapes() -> None:
    model = FusionModel(d_model=32, num_heads=4, num_layers=2, backbone="resnet18").eval()
    found = model(torch.rand(2, 3, 128, 128), torch.rand(2, 2, POINTS))
    assert found.logits.shape == (2, 5)
    assert found.image_global.shape == found.spectrum_global.shape == (2, 32)
    assert model.cls_token.shape == (1, 1, 32)
    assert model.type_embedding.num_embeddings == 3
    assert model.position_embedding.shape == (1, 1 + 16 + 32, 32)
    assert isinstance(model.transformer, nn.TransformerEncoder)
    sequences = SpectrumEncoder(32)(torch.rand(2, 2, POINTS)), ImageEncoder(32, "small")(torch.rand(2, 3, 128, 128))
    assert [sequence.shape for _, sequence in sequences] == [(2, 32, 32), (2, 16, 32)]


def test_the_default_image_encoder_is_a_resnet_152() -> None:
    with mock.patch.object(models, "resnet152", wraps=models.resnet18) as built:
        FusionModel(d_model=32, num_heads=4, num_layers=1)
    built.assert_called_once_with(weights=None)


def test_a_missing_modality_is_not_looked_at() -> None:
    model, batch = FusionClassifier(SMALL), _batch()
    batch["has_image"] = torch.tensor([True, True, False, False])
    one = _answer(model, batch)
    other_image = {**batch, "image": 255 - batch["image"]}
    two = _answer(model, other_image)
    torch.testing.assert_close(one.probabilities[2:], two.probabilities[2:])
    assert not torch.allclose(one.probabilities[:2], two.probabilities[:2])
    torch.testing.assert_close(one.probabilities[2:], one.by_modality["spectrum"][2:])
    assert one.by_modality["image"][2:].isnan().all()
    nothing = _answer(model, {**batch, "has_image": ~batch["label"].bool() & False, "has_spectrum": batch["label"] < 0})
    torch.testing.assert_close(nothing.probabilities, torch.full((4, 5), 0.2))
    assert (nothing.novelty == 1).all()


def test_a_star_answers_the_same_alone_as_among_others() -> None:
    model, batch = FusionClassifier(SMALL), _batch()
    together = _answer(model, batch).probabilities
    alone = torch.cat(
        [_answer(model, {name: v[i : i + 1] for name, v in batch.items()}).probabilities for i in range(4)]
    )
    torch.testing.assert_close(together, alone)


def test_the_shape_of_a_spectrum_is_kept_and_its_unit_is_not() -> None:
    batch = _batch()
    flux, ivar = batch["flux"].clone(), batch["ivar"].clone()
    flux[0, :100], ivar[0, :100] = torch.nan, 0
    one = spectrum_input(flux, ivar)
    torch.testing.assert_close(one, spectrum_input(flux * 1e-17, ivar * 1e34), rtol=1e-3, atol=1e-4)
    assert not one[0, :, :100].any()
    assert one.isfinite().all()
    torch.testing.assert_close(one[1, 0] * (flux[1, 2000] / one[1, 0, 2000]), flux[1])
    assert not spectrum_input(torch.zeros(1, POINTS), torch.zeros(1, POINTS)).any()


def test_losses_have_gradients_for_every_weight_that_training_moves() -> None:
    model = FusionClassifier(SMALL).train()
    losses = model.losses(_batch(8))
    assert losses.keys() == {"classification", "contrast"}
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_saved_networks_come_back_and_foreign_ones_are_refused(tmp_path: Path) -> None:
    model, batch = FusionClassifier(SMALL), _batch()
    model.save_pretrained(tmp_path)
    again = FusionClassifier.from_pretrained(tmp_path)
    torch.testing.assert_close(_answer(again, batch).probabilities, _answer(model, batch).probabilities)
    facts = (tmp_path / "fusion.json").read_text()
    for old, new, code in (
        ('"M4"', '"M5"', "stellar.other_classes"),
        (str(GRID_FACTS["points"]), "3000", "stellar.other_grid"),
        ('"d_model": 16', '"d_model": 32', "weights.mismatch"),
        ('"d_model"', '"unheard_of"', "weights.invalid_file"),
        ('"format": 1', '"format": 7', "weights.invalid_file"),
        ("{", "", "weights.invalid_file"),
    ):
        assert old in facts
        (tmp_path / "fusion.json").write_text(facts.replace(old, new))
        with pytest.raises(CodedError) as caught:
            FusionClassifier.from_pretrained(tmp_path)
        assert caught.value.code == code, old
    (tmp_path / "fusion.json").write_text(facts)
    (tmp_path / "fusion.safetensors").write_bytes(b"\x05" * 100)
    with pytest.raises(CodedError, match="damaged"):
        FusionClassifier.from_pretrained(tmp_path)


def test_pretrained_weights_come_from_a_file(tmp_path: Path) -> None:
    source = models.resnet18(weights=None)
    safetensors.torch.save_file(source.state_dict(), tmp_path / "resnet18.safetensors")
    encoder = ImageEncoder(16, "resnet18", str(tmp_path / "resnet18.safetensors"))
    torch.testing.assert_close(encoder.backbone[0].weight, source.conv1.weight)
    torch.testing.assert_close(encoder.backbone[7][1].bn2.running_var, source.layer4[1].bn2.running_var)
    with pytest.raises(PretrainedError) as caught:
        ImageEncoder(16, "resnet34", str(tmp_path / "resnet18.safetensors"))
    assert caught.value.code == "stellar.pretrained_mismatch"


@pytest.mark.process
def test_pretrained_weights_come_from_a_pth_that_stays_where_it_is(tmp_path: Path) -> None:
    source = models.resnet18(weights=None)
    path = tmp_path / "resnet18.pth"
    torch.save(source.state_dict(), path)
    encoder = ImageEncoder(16, "resnet18", str(path))
    torch.testing.assert_close(encoder.backbone[0].weight, source.conv1.weight)
    assert path.is_file()


def test_published_weights_are_asked_for_by_name_and_offline_is_said_plainly(tmp_path: Path) -> None:
    published = models.resnet18(weights=None).state_dict()
    weights = models.ResNet18_Weights
    with mock.patch.object(weights, "get_state_dict", autospec=True, return_value=published):
        encoder = ImageEncoder(16, "resnet18", "DEFAULT")
    torch.testing.assert_close(encoder.backbone[0].weight, published["conv1.weight"])
    refusals = {"DEFAULT": "stellar.pretrained_offline", "IMAGENET9K": "stellar.pretrained_unknown"}
    for source, code in {**refusals, str(tmp_path / "not-there.pth"): "stellar.pretrained_missing"}.items():
        with (
            mock.patch.object(weights, "get_state_dict", autospec=True, side_effect=OSError("no route to host")),
            pytest.raises(PretrainedError) as caught,
        ):
            ImageEncoder(16, "resnet18", source)
        assert caught.value.code == code
        assert caught.value.hint
    with pytest.raises(PretrainedError, match="no published"):
        ImageEncoder(16, "small", "DEFAULT")


def test_noise_is_added_and_said_in_the_inverse_variance() -> None:
    flux, ivar = torch.full((400, POINTS), 5.0), torch.full((400, POINTS), 4.0)
    ivar[:, :10] = 0
    noisy, told = renoise(flux, ivar, torch.Generator().manual_seed(1))
    assert not told[:, :10].any()
    lost = (told[:, 10] / 4).sqrt()
    assert 0.4 < (lost == 1).float().mean() < 0.6
    assert lost.min() < 0.15
    fainter = lost < 0.5
    within = noisy[fainter, 500:600] - noisy[fainter, 500:600].mean(1, keepdim=True)
    expected = (1 / told[fainter, 500] - 1 / ivar[fainter, 500]).sqrt()
    torch.testing.assert_close(within.std(1).mean(), expected.mean(), rtol=0.05, atol=0)


def test_turned_pictures_are_the_same_pictures() -> None:
    image = torch.arange(64 * 4 * 4 * 3).reshape(64, 4, 4, 3)
    turned = turn_pictures(image, torch.Generator().manual_seed(2))
    torch.testing.assert_close(turned.flatten(1).sort(1).values, image.flatten(1).sort(1).values)
    assert len({tuple((row - row.min()).flatten().tolist()) for row in turned}) == 8


def test_temperatures_soften_and_never_sharpen() -> None:
    generator = torch.Generator().manual_seed(4)
    truth = torch.randint(5, (4000,), generator=generator)
    logits = 2 * nn.functional.one_hot(truth, 5) + torch.randn(4000, 5, generator=generator)
    draws = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    assert fit_temperature(3 * logits, draws) == pytest.approx(3, rel=0.1)
    assert fit_temperature(logits / 3, draws) == 1
    assert fit_temperature(logits[:5], draws[:5]) == 1


def test_pictures_are_scaled_as_published_networks_expect() -> None:
    grey = image_input(torch.full((1, 8, 8, 3), 124, dtype=torch.uint8))
    assert grey.shape == (1, 3, 8, 8)
    assert grey.abs().max() < 0.4
