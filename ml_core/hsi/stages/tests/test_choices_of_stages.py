from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from ml_core.hsi.stages.tests.chain import config_of, run, weights_of
from ml_core.hsi.stages.tests.small_scenes import write_scenes
from ml_core.run.events import read_events


def _warnings(folder: Path) -> list[str]:
    events, _ = read_events(folder / "events.jsonl")
    return [e["data"]["message"] for e in events if e["kind"] == "log" and e["data"]["level"] == "warning"]


def _short(scenes: Path, chain: dict[str, Path], **changes: Any) -> dict[str, Any]:
    few = {"pretrain_epochs": 1, "windows_per_epoch": 16}
    return config_of("pretrain", scenes, chain["tokenizer"], **few, **changes)


def test_a_bert_that_cannot_be_reached_is_replaced_by_a_small_one_and_the_log_says_so(
    tmp_path: Path, scenes: Path, chain: dict[str, Path]
) -> None:
    wish = {"load_pretrained_lm": True, "bert_model_name_or_path": str(tmp_path / "nowhere")}
    result = run("hsi.pretrain", _short(scenes, chain, **wish), tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    (warning,) = _warnings(tmp_path / "run")
    assert "nowhere" in warning
    assert "small BERT is trained from scratch" in warning
    facts = json.loads((tmp_path / "run/artifacts/weight/encoder.json").read_text())
    assert facts["bert"]["hidden_size"] == 128


def test_a_local_bert_is_taken_where_it_is_asked_for(tmp_path: Path, scenes: Path, chain: dict[str, Path]) -> None:
    config = BertConfig(
        vocab_size=20, hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=300,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(tmp_path / "bert")
    wish = {"load_pretrained_lm": True, "bert_model_name_or_path": str(tmp_path / "bert")}
    result = run("hsi.pretrain", _short(scenes, chain, **wish), tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    assert _warnings(tmp_path / "run") == []
    facts = json.loads((tmp_path / "run/artifacts/weight/encoder.json").read_text())
    assert facts["bert"]["hidden_size"] == 24


def test_a_domain_that_the_encoder_does_not_know_is_refused(
    tmp_path: Path, scenes: Path, chain: dict[str, Path]
) -> None:
    entries = [{"data_path": str(scenes), "domain_id": 3}]
    result = run("hsi.pretrain", _short(scenes, chain, pretrain_datasets=entries, num_domains=3), tmp_path / "run")
    assert result["error"]["code"] == "hsi.domain"
    assert result["error"]["where"] == "num_domains"


@pytest.mark.slow
@pytest.mark.parametrize("choice", [{"use_lora": True}, {"freeze_encoder": False}, {"use_labels": True}, {}])
def test_only_what_was_chosen_learns(
    tmp_path: Path, scenes: Path, chain: dict[str, Path], choice: dict[str, bool]
) -> None:
    result = run("hsi.anomaly", config_of("anomaly", scenes, chain["pretrain"], **choice), tmp_path / "run")
    assert result["state"] == "completed", result["error"]
    before = weights_of(chain["pretrain"], "pretrain")
    after = weights_of(tmp_path / "run", "pretrain")
    assert before.keys() == after.keys()
    has_learnt = any(not torch.equal(before[name], after[name]) for name in before)
    assert has_learnt == bool(choice.get("use_lora") or choice.get("freeze_encoder") is False)
    heads = weights_of(tmp_path / "run", "anomaly")
    same = all(torch.equal(heads[name], tensor) for name, tensor in weights_of(chain["anomaly"], "anomaly").items())
    assert same == (choice == {})


def test_a_started_run_refuses_other_scenes(tmp_path: Path, scenes: Path, chain: dict[str, Path]) -> None:
    few = config_of("tokenizer", scenes, num_epochs=1, patches_per_epoch=16)
    assert run("hsi.tokenizer", few, tmp_path / "run")["state"] == "completed"
    (tmp_path / "run/result.json").unlink()
    other = write_scenes(tmp_path / "other", 3, height=28, width=26)
    result = run("hsi.tokenizer", {**few, "scenes": [str(other)]}, tmp_path / "run", resume=True)
    assert result["error"]["code"] == "run.data_changed"
