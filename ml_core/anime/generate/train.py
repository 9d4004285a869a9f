"""``anime.generator``: from a collection and a recogniser to a generator of one character, and a report about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml_core.anime.collection.reading import read_collection
from ml_core.anime.collection.square import side_for
from ml_core.anime.generate.config import GeneratorConfig
from ml_core.anime.generate.delivery import deliver
from ml_core.anime.generate.guide import choose_features
from ml_core.anime.generate.judging import Judge
from ml_core.anime.generate.sampler import noise_of, paint
from ml_core.anime.generate.sheet import write_sheet
from ml_core.anime.generate.subject import FEW, choose_subject, load_guide, teachers_for, weight_folder
from ml_core.anime.generate.task import GeneratorTask, Pair, SubjectData
from ml_core.anime.progress import stage_progress
from ml_core.anime.recognise.storage import read_recogniser_facts
from ml_core.engine.device import cap_threads, choose_device
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData, TensorData
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix


def train_generator(config: GeneratorConfig, run: RunContext) -> dict[str, Any]:
    """Train through the fit loop, judge fresh samples of the best checkpoint, and leave ``artifacts/weight``.

    Raises:
        CollectionError: ``anime.no_such_character``, ``anime.too_few_images``.
        RecogniserError: ``anime.other_characters``, ``anime.no_network``, ``anime.no_second_classifier``.
        CodedError: See `choose_features` and `ml_core.engine.loop.fit`.
    """
    cap_threads(config.threads)
    recogniser = load_guide(Path(config.recogniser))
    fit_picture = read_recogniser_facts(weight_folder(Path(config.recogniser)))["fit_picture"]
    reading = stage_progress(run, "reading images")
    collection = read_collection(Path(config.known), fit_picture, reading, side_for(config.size))
    subject = choose_subject(collection, config.target_class, recogniser.characters, config.size)
    run.data_fingerprint(collection.fingerprint)
    teachers = teachers_for(recogniser, subject.character)
    if len(subject.images) < FEW:
        run.log(
            f"{len(subject.images)} images are few: expect samples that hardly differ from them.", "warning", step=0
        )
    device = choose_device(config.device)
    features, note = choose_features(config.features, teachers.network)
    run.log(note, step=0)
    judge = Judge(teachers.second, subject.character, subject.images, subject.paths, subject.groups)
    torch.manual_seed(mix(config.seed, "generator"))
    learnt = torch.cat([subject.images, subject.images.flip(3)]) if config.flips else subject.images
    pair = Pair(config.size, config.channels, learnt)
    weights = (config.adversarial_weight, config.class_weight, config.perceptual_weight)
    task = GeneratorTask(
        pair,
        teachers.network.to(device),
        teachers.label,
        features.to(device),
        weights,
        round(config.repaint_share * config.num_epochs * config.epoch_steps),
        judge,
        _sheets(config, run),
    )
    fixed = noise_of(range(config.samples))
    data = FitData(SubjectData(learnt, config.epoch_steps * config.batch_size), TensorData(fixed))
    result = fit(task, data, config.fit, run)
    generator = pair.generator.cpu().eval()
    seeds = range(config.samples, 3 * config.samples)  # others than those that chose the checkpoint
    return deliver(
        config,
        run,
        generator,
        subject,
        teachers,
        judge,
        paint(generator, noise_of(seeds)),
        result,
        features=features.name,
        fit_picture=fit_picture,
        fingerprint=collection.fingerprint,
    )


def _sheets(config: GeneratorConfig, run: RunContext) -> Any:
    """Writes the samples of every so many epochs, and of the last one."""

    def show(samples: Tensor, steps: int) -> None:
        epoch = steps // config.epoch_steps
        if run.rank != 0 or (epoch % config.sample_every and epoch != config.num_epochs and epoch != 1):
            return
        path = run.artifact_path(f"samples/samples_epoch_{epoch}.png")
        if not path.exists():  # the best checkpoint is looked at once more at the end
            write_sheet(samples, path)
            run.artifact(path, "image/png")

    return show
