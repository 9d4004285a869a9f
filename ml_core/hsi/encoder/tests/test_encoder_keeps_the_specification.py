"""Shapes, members and errors of Stage 2 as the specification writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForMaskedLM

from ml_core.errors import CodedError
from ml_core.hsi.encoder import BertSize, BertUnavailableError, HSIEncoderBERT, UniversalHSIModel, load_stage12
from ml_core.hsi.tokenizer.tests.test_tokenizer_keeps_the_specification import a_tokenizer, patches
from ml_core.weights.errors import WeightFileError, WeightMismatchError

TINY = BertSize(hidden_size=16, layers=2, heads=2, intermediate_size=32)


def an_encoder(seed: int = 0, **changes: object) -> HSIEncoderBERT:
    torch.manual_seed(seed)
    settings = {"spectral_codes": 16, "coordinates": 4, "size": TINY, "dropout": 0.0} | changes
    return HSIEncoderBERT(16 * 12, 3, "", False, 0.35, 256, **settings)  # type: ignore[arg-type]


def ids(batch: int = 2, length: int = 121) -> torch.Tensor:
    return torch.randint(16 * 12, (batch, length), generator=torch.Generator().manual_seed(2))


def test_the_members_are_those_of_the_specification() -> None:
    encoder = an_encoder()
    assert isinstance(encoder.encoder, BertForMaskedLM)
    assert encoder.token_embedding.num_embeddings == 16 * 12 + 1 and encoder.mask_token_id == 16 * 12
    assert encoder.token_embedding.weight.shape == (16 * 12 + 1, 16)
    assert encoder.domain_embedding.weight.shape == (3, 16)
    assert encoder.position_embedding.weight.shape == (256, 16)
    assert isinstance(encoder.dropout, nn.Dropout)


def test_pretraining_gives_loss_logits_and_hidden_states() -> None:
    encoder = an_encoder()
    loss, logits, hidden = encoder(ids(), torch.tensor([0, 2]))
    assert loss.dim() == 0 and loss.requires_grad
    assert logits.shape == (2, 121, 192) and hidden.shape == (2, 121, 16)
    assert encoder(ids(), torch.tensor([0, 2]), pretrain=False).shape == (2, 121, 16)


def test_joint_probabilities_sum_to_one_and_factorise() -> None:
    encoder = an_encoder().eval()
    _, logits, hidden = encoder(ids(), torch.tensor([0, 1]))
    assert torch.allclose(logits.exp().sum(-1), torch.ones(2, 121), atol=1e-5)
    log_spectral, log_spatial = encoder.log_probabilities(hidden)
    joint = ids()[0, 7]
    assert torch.isclose(
        logits[0, 7, joint], log_spectral[0, 7, joint % 16] + log_spatial[0, 7, joint // 16], atol=1e-5
    )


def test_the_loss_is_the_cross_entropy_of_the_joint_logits() -> None:
    encoder = an_encoder().eval()
    torch.manual_seed(5)
    loss, logits, _ = encoder(ids(), torch.tensor([0, 1]))
    torch.manual_seed(5)
    _, labels = encoder.mask_tokens(ids())
    assert torch.isclose(loss, nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()), atol=1e-4)


def test_bert_itself_takes_joint_labels() -> None:
    encoder = an_encoder().eval()
    embeds = encoder.token_embedding(ids())
    out = encoder.encoder(inputs_embeds=embeds, labels=ids())
    assert out.logits.shape == (2, 121, 192) and torch.isfinite(out.loss)


def test_embeddings_are_sums_of_their_halves() -> None:
    embedding = an_encoder().token_embedding
    whole = embedding(torch.tensor([5 + 16 * 3]))
    assert torch.equal(whole[0], embedding.spectral.weight[5] + embedding.spatial.weight[3])
    mask = embedding(torch.tensor([16 * 12]))
    assert torch.equal(mask[0], embedding.spectral.weight[16] + embedding.spatial.weight[12])


def test_a_domain_that_training_did_not_know_counts_as_the_average_one() -> None:
    encoder = an_encoder().eval()
    unknown, also = (encoder(ids(1), torch.tensor([number]), pretrain=False) for number in (-1, 99))
    known = encoder(ids(1), torch.tensor([1]), pretrain=False)
    assert torch.equal(unknown, also) and not torch.allclose(unknown, known)


def test_a_sequence_that_is_too_long_is_refused() -> None:
    with pytest.raises(CodedError) as refused:
        an_encoder()(ids(1, 300), torch.tensor([0]), pretrain=False)
    assert refused.value.code == "hsi.sequence_too_long"


def test_a_local_bert_is_loaded(tmp_path: Path) -> None:
    config = BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=130,
    )  # fmt: skip
    torch.manual_seed(3)
    saved = BertForMaskedLM(config)
    saved.save_pretrained(tmp_path)
    encoder = HSIEncoderBERT(16 * 12, 3, str(tmp_path), True, 0.35, 128, spectral_codes=16)
    own = encoder.encoder.bert.encoder.layer[0].attention.self.query.weight
    assert torch.equal(own, saved.bert.encoder.layer[0].attention.self.query.weight)
    assert encoder.hidden_size == 16
    encoder(ids(), torch.tensor([0, 1]))[0].backward()
    with pytest.raises(BertUnavailableError) as refused:
        HSIEncoderBERT(16 * 12, 3, str(tmp_path), True, 0.35, 256, spectral_codes=16)
    assert refused.value.code == "hsi.bert_too_short"
    encoder.save_pretrained(tmp_path / "own")
    again = HSIEncoderBERT.from_pretrained(tmp_path / "own")
    assert torch.equal(again(ids(), torch.tensor([0, 1]), False), encoder.eval()(ids(), torch.tensor([0, 1]), False))


def test_a_bert_that_cannot_be_had_is_an_error_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(BertUnavailableError) as refused:
        HSIEncoderBERT(16 * 12, 3, str(tmp_path / "nowhere"), True, 0.35, 128)
    assert refused.value.code == "hsi.bert_unavailable" and "scratch" in refused.value.hint


def test_a_saved_encoder_comes_back_whole(tmp_path: Path) -> None:
    encoder = an_encoder(tokenizer_fingerprint="abc").eval()
    encoder.save_pretrained(tmp_path)
    again = HSIEncoderBERT.from_pretrained(tmp_path)
    assert torch.equal(again(ids(), torch.tensor([0, 1]), False), encoder(ids(), torch.tensor([0, 1]), False))
    assert again.fingerprint() == encoder.fingerprint() and again.tokenizer_fingerprint == "abc"


def test_damaged_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightFileError):
        HSIEncoderBERT.from_pretrained(tmp_path)
    an_encoder().save_pretrained(tmp_path)
    facts = json.loads((tmp_path / "encoder.json").read_text())
    (tmp_path / "encoder.json").write_text(json.dumps(facts | {"num_domains": 5}))
    with pytest.raises(WeightMismatchError):
        HSIEncoderBERT.from_pretrained(tmp_path)
    (tmp_path / "encoder.json").write_text(json.dumps(facts | {"bert": {}}))
    with pytest.raises(WeightMismatchError):
        HSIEncoderBERT.from_pretrained(tmp_path)


def test_patches_become_hidden_states(tmp_path: Path) -> None:
    tokenizer = a_tokenizer().eval()
    model = UniversalHSIModel(tokenizer, an_encoder(tokenizer_fingerprint=tokenizer.fingerprint()).eval())
    domains = torch.tensor([0, 1, 2])
    out = model.encode_patches(patches(), domains)
    assert set(out) == {"hidden", "joint_ids"} and out["hidden"].shape == (3, 121, 16)
    out = model.encode_patches(patches(), domains, pretrain=True)
    assert set(out) == {"loss", "logits", "hidden", "joint_ids"}
    tokenizer.save_pretrained(tmp_path)
    model.encoder.save_pretrained(tmp_path)
    again = load_stage12(tmp_path)
    assert torch.equal(
        again.encode_patches(patches(), domains)["hidden"], model.encode_patches(patches(), domains)["hidden"]
    )


def test_an_encoder_of_another_tokenizer_is_refused() -> None:
    encoder = an_encoder(tokenizer_fingerprint=a_tokenizer().fingerprint())
    with pytest.raises(WeightMismatchError) as refused:
        UniversalHSIModel(a_tokenizer(seed=1), encoder)
    assert refused.value.code == "hsi.mismatch"
    with pytest.raises(WeightMismatchError):
        UniversalHSIModel(a_tokenizer(), HSIEncoderBERT(100, 1, "", False, 0.3, 64, size=TINY))
