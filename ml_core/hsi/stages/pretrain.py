"""Stage 2: from a tokenizer and unlabelled scenes to an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.errors import CodedError
from ml_core.hsi.encoder.bert import HSIEncoderBERT
from ml_core.hsi.encoder.bert_source import PRESETS, BertUnavailableError
from ml_core.hsi.encoder.task import PretrainTask, TokenScene, WindowData
from ml_core.hsi.encoder.windows import WindowLayout
from ml_core.hsi.scene import Scene
from ml_core.hsi.stages.delivery import count_parameters, export_pth, facts_of, weight_folder, write_weight_folder
from ml_core.hsi.stages.preparation import canonical_scenes, fit_settings, read_scenes
from ml_core.hsi.stages.pretrain_config import PretrainConfig
from ml_core.hsi.tokenizer.joint_tokenizer import SSPQTokenizer
from ml_core.hsi.tokenizer.token_map import tokenize_scene
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix

TASK = "hsi.pretrain"
_VALIDATION_WINDOWS = 256
_FALLBACK = "small"
_SPLITS: tuple[Literal["train", "val"], ...] = ("train", "val")


def run_pretrain(config: PretrainConfig, run: RunContext) -> dict[str, Any]:
    """Train, and leave ``artifacts/weight`` (with the tokenizer's files) and the specification's ``.pth``.

    Raises:
        CodedError: ``hsi.domain`` when a scene has a domain beyond ``num_domains``; also see
            `ml_core.engine.loop.fit`, `read_scenes` and `canonical_scenes`.
        WeightFileError: The tokenizer's folder is incomplete or damaged.
    """
    tokenizer = SSPQTokenizer.from_pretrained(weight_folder(Path(config.tokenizer)))
    scenes = read_scenes(config, run)
    check_domains(scenes, config.num_domains)
    token_scenes = [
        TokenScene(tokenize_scene(tokenizer, canonical), scene.domain_id)
        for scene, canonical in zip(scenes, canonical_scenes(scenes, run), strict=True)
    ]
    encoder = build_encoder(config, tokenizer, run)
    train, val = (_windows(config, encoder, tokenizer, token_scenes, split) for split in _SPLITS)
    settings = fit_settings(
        config,
        epochs=config.pretrain_epochs,
        batch_size=config.pretrain_batch_size,
        learning_rate=config.learning_rate_pretrain,
        warmup_steps=config.num_warmup_steps,
        steps_per_epoch=config.windows_per_epoch // config.pretrain_batch_size,
    )
    result = fit(PretrainTask(encoder), FitData(train, val), settings, run)
    facts = facts_of(result)
    encoder = encoder.cpu().eval()
    if run.rank == 0:
        left_out = {"scenes", "pretrain_datasets", "tokenizer", "device", "threads"}
        described = config.model_dump(mode="json", exclude=left_out)
        facts["weight"] = write_weight_folder(
            run,
            task=TASK,
            save=[encoder.save_pretrained, tokenizer.save_pretrained],
            stems=["encoder", "tokenizer"],
            parameters=count_parameters(encoder),
            metrics=facts["metrics"],
            data_fingerprint=run.dir.read_record()["data_fingerprint"],
            settings=described,
        )
        export_pth(run, "encoder/universal_hsi_encoder", encoder, described)
    return facts | {"scenes": [scene.name for scene in scenes], "tokenizer_fingerprint": tokenizer.fingerprint()}


def _windows(
    config: PretrainConfig,
    encoder: HSIEncoderBERT,
    tokenizer: SSPQTokenizer,
    scenes: Sequence[TokenScene],
    split: Literal["train", "val"],
) -> WindowData:
    return WindowData(
        scenes,
        layout=WindowLayout(halo=tokenizer.spatial_vqvae.halo),
        coordinates=encoder.coordinates,
        spatial_codes=tokenizer.K_x,
        samples=config.windows_per_epoch if split == "train" else _VALIDATION_WINDOWS,
        seed=config.seed,
        split=split,
    )


def check_domains(scenes: list[Scene], num_domains: int) -> None:
    """Refuse a scene whose domain the encoder would not tell from an unknown one.

    Raises:
        CodedError: ``hsi.domain``.
    """
    for scene in scenes:
        if scene.domain_id >= num_domains:
            raise CodedError(
                f'The scene "{scene.name}" has domain {scene.domain_id}, but the encoder knows {num_domains} domains.',
                code="hsi.domain",
                hint="Raise num_domains, or number the domains from 0.",
                where="num_domains",
            )


def build_encoder(config: PretrainConfig, tokenizer: SSPQTokenizer, run: RunContext) -> HSIEncoderBERT:
    """An encoder for the tokens of ``tokenizer``.

    A pretrained BERT that cannot be had is replaced by a small new one, and the log says why.
    """

    def build(*, pretrained: bool, size: str) -> HSIEncoderBERT:
        torch.manual_seed(mix(run.seed, "encoder"))
        return HSIEncoderBERT(
            tokenizer.joint_vocab_size,
            config.num_domains,
            config.bert_model_name_or_path,
            pretrained,
            config.mask_ratio,
            config.max_seq_len,
            spectral_codes=tokenizer.K_s,
            size=PRESETS[size],
            dropout=config.dropout,
            tokenizer_fingerprint=tokenizer.fingerprint(),
        )

    size = config.bert_model_name_or_path if config.bert_model_name_or_path in PRESETS else _FALLBACK
    if config.load_pretrained_lm:
        try:
            return build(pretrained=True, size=size)
        except BertUnavailableError as error:
            run.log(f"{error.message} A small BERT is trained from scratch instead. {error.hint}", "warning", step=0)
    return build(pretrained=False, size=size)
