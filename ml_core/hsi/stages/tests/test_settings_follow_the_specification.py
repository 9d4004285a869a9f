from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import ml_core.hsi
from ml_core.errors import ConfigError
from ml_core.hsi.presets import PRESETS
from ml_core.hsi.stages.anomaly_config import AnomalyConfig
from ml_core.hsi.stages.config import StageConfig
from ml_core.hsi.stages.pretrain_config import PretrainConfig
from ml_core.hsi.stages.tokenizer_config import TokenizerConfig
from ml_core.run.config import load_config, parse_config
from ml_core.run.registry import get_recipe

CONFIGS = Path(ml_core.hsi.__file__).parent / "configs"
STAGES: dict[str, tuple[type[StageConfig], dict[str, Any]]] = {
    "tokenizer": (TokenizerConfig, {"scenes": ["a"]}),
    "pretrain": (PretrainConfig, {"scenes": ["a"], "tokenizer": "t"}),
    "anomaly": (AnomalyConfig, {"scenes": ["a"], "encoder": "e"}),
}
SPECIFIED: dict[str, dict[str, Any]] = {
    "tokenizer": {
        "patch_size": 11, "stride": 5, "K_s": 256, "K_x": 256, "hidden_dim": 64, "num_layers": 4, "kernel_size": 3,
        "commitment_beta": 0.25, "batch_size": 64, "num_epochs": 50, "lr": 1e-3, "seed": 66,
    },
    "pretrain": {
        "bert_model_name_or_path": "bert-base-uncased", "load_pretrained_lm": True, "num_domains": 3,
        "mask_ratio": 0.35, "max_seq_len": 256, "pretrain_batch_size": 32, "pretrain_epochs": 30,
        "learning_rate_pretrain": 1e-4, "num_warmup_steps": 2000, "seed": 66,
    },
    "anomaly": {
        "anomaly_batch_size": 16, "anomaly_epochs": 20, "learning_rate_anomaly": 1e-4, "freeze_encoder": True,
        "use_lora": False, "head_weights": {"lm_nll": 0.4, "recon": 0.3, "one_class": 0.3}, "seed": 66,
    },
}  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_the_files_and_the_preset_hold_the_values_of_the_specification(stage: str) -> None:
    config, required = STAGES[stage]
    sets = [f"{name}={value}" for name, value in required.items()]
    from_file = load_config(config, CONFIGS / f"{stage}.yaml", sets).model_dump()
    from_preset = config.model_validate({**required, "preset": "specification"}).model_dump()
    for name, value in SPECIFIED[stage].items():
        assert from_file[name] == value, name
        assert from_preset[name] == value, name


@pytest.mark.parametrize("stage", STAGES)
def test_every_preset_is_valid_and_sets_the_same_fields(stage: str) -> None:
    config, required = STAGES[stage]
    fields = set(PRESETS[stage]["cpu"])  # type: ignore[index]
    for name, values in PRESETS[stage].items():  # type: ignore[index]
        assert set(values) == fields
        shown = config.model_validate({**required, "preset": name}).model_dump()
        assert {key: shown[key] for key in fields} == dict(values)
    assert config.model_validate(required) == config.model_validate({**required, "preset": "cpu"})


def test_what_is_set_wins_over_the_preset() -> None:
    config = TokenizerConfig.model_validate({"scenes": ["a"], "preset": "specification", "K_s": 32})
    assert (config.K_s, config.K_x) == (32, 256)
    heads = AnomalyConfig.model_validate(
        {"scenes": ["a"], "encoder": "e", "preset": "specification", "head_weights": {"recon": 0.9}}
    ).head_weights
    assert (heads.lm_nll, heads.recon, heads.one_class) == (0.4, 0.9, 0.3)


def test_one_file_may_hold_all_stages_and_the_command_line_wins(tmp_path: Path) -> None:
    common = {
        "preset": "specification", "tokenizer_lr": 5e-4, "tokenizer_epochs": 7, "K_s": 64, "mask_ratio": 0.4,
        "pretrain_epochs": 3, "anomaly_epochs": 2, "use_lora": True,
        "pretrain_datasets": [{"name": "one", "data_path": "one.npz", "domain_id": 2}],
    }  # fmt: skip
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump(common))
    tokenizer = load_config(TokenizerConfig, path, ["num_epochs=5"])
    assert (tokenizer.lr, tokenizer.num_epochs, tokenizer.K_s) == (5e-4, 5, 64)
    assert tokenizer.pretrain_datasets[0].domain_id == 2
    pretrain = load_config(PretrainConfig, path, ["tokenizer=folder"])
    assert (pretrain.mask_ratio, pretrain.pretrain_epochs) == (0.4, 3)
    anomaly = load_config(AnomalyConfig, path, ["encoder=folder"])
    assert (anomaly.anomaly_epochs, anomaly.use_lora) == (2, True)


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="num_epoch") as caught:
        load_config(TokenizerConfig, None, ["scenes=[a]", "num_epoch=5"])
    assert "num_epochs" in caught.value.hint


def test_a_stage_without_scenes_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one scene"):
        load_config(TokenizerConfig)


def test_a_combination_of_no_head_is_refused() -> None:
    weights = ["head_weights.lm_nll=0", "head_weights.recon=0", "head_weights.one_class=0"]
    with pytest.raises(ConfigError, match="at least one head"):
        load_config(AnomalyConfig, None, ["scenes=[a]", "encoder=e", *weights])


def test_settings_are_described_without_torch() -> None:
    code = (
        "import sys; from ml_core.run.registry import get_recipe;"
        "[get_recipe('hsi.' + n).describe() for n in ('tokenizer', 'pretrain', 'anomaly', 'infer', 'benchmark')];"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_setting_is_explained() -> None:
    for stage in (*STAGES, "infer", "benchmark"):
        for name, spec in get_recipe(f"hsi.{stage}").describe()["schema"]["properties"].items():
            assert spec.get("description") or "$ref" in spec, (stage, name)


@pytest.mark.parametrize("channels", [[0], [-5], [10**9]])
def test_every_layer_of_the_spatial_network_is_bounded(channels: list[int]) -> None:
    with pytest.raises(ConfigError, match="encoder_channels"):
        parse_config(TokenizerConfig, {"scenes": ["a"], "encoder_channels": channels})
