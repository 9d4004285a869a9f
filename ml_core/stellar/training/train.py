"""Training of a classifier of stars, from a survey to a weight folder and a report."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.engine.batches import count_batches
from ml_core.engine.checkpoint import list_checkpoints
from ml_core.engine.device import cap_threads
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix
from ml_core.stellar.predict.classification import Classification, join
from ml_core.stellar.predict.classifier import Classifier
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.survey_arrays import Arrays
from ml_core.stellar.training.config import TrainConfig
from ml_core.stellar.training.data import StarData, passes_for
from ml_core.stellar.training.delivery import Trained, deliver
from ml_core.stellar.training.network import answering, build_network, fit_settings, preparation
from ml_core.stellar.training.split import stratified_split
from ml_core.stellar.training.stars import drop_own_cache, fingerprint, only, read_stars, rows_of
from ml_core.stellar.training.task import StarTask

#: Principal components and the few numbers of a calibration need no more stars than this.
_FRONT_END_STARS: Final = 5_000
_BLOCK: Final = 1024


def run_train(config: TrainConfig, run: RunContext) -> dict[str, Any]:
    """Train, judge the best weights on the stars held out, and leave the weight folder and all reports.

    Raises:
        FormatError: The survey cannot be read or has too few stars.
        PretrainedError: The image encoder's weights cannot be had.
        CodedError: See `ml_core.engine.loop.fit`.
    """
    cap_threads(config.threads)
    arrays, left_out = read_stars(config.survey, config.modality, config.cache, run)
    arrays = only(arrays, config.modality)
    run.data_fingerprint(fingerprint(arrays))
    split = stratified_split(arrays["label"], config.validation, config.seed)
    run.log(_describe(arrays, split.train, split.validation, len(left_out)), step=0)
    will_be_replaced = run.resuming and bool(list_checkpoints(run.dir.checkpoints))
    network: Any = build_network(config, pretrained=not will_be_replaced)
    network.fit_front_end(rows_of(arrays, _some(split.train, config.seed)))
    passes = passes_for(len(split.train), config.batch_size, config.steps_per_epoch)
    prepare = preparation(config)
    data = FitData(
        StarData(arrays, split.train, passes=passes, prepare=prepare),
        StarData(arrays, split.validation, prepare=prepare),
    )
    steps = count_batches(len(data.train), config.batch_size)
    result = fit(StarTask(network, answering(config, network)), data, fit_settings(config, steps), run)
    network = network.cpu().eval()
    network.calibrate(rows_of(arrays, _some(split.validation, config.seed)))
    stars = {"train": len(split.train), "validation": len(split.validation), "left_out": len(left_out)}
    facts: dict[str, Any] = {"metrics": result.metrics.get("val", {}), "weight": None}
    if run.rank == 0:
        answers = _answers(Classifier(network, model=config.model, modality=config.modality), arrays, split.validation)
        small = {name: np.asarray(arrays[name])[split.validation] for name in ("name", "label", "sn")}
        facts = deliver(config, Trained(network, result, answers, small, stars), run)
    drop_own_cache(config.cache, run)
    return facts | {
        "classes": list(CLASSES), "model": config.model, "modality": config.modality, "stars": stars,
        **result.course,
    }  # fmt: skip


def _some(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """All rows, or as many as a front end needs."""
    if len(rows) <= _FRONT_END_STARS:
        return rows
    chosen = np.random.default_rng(mix(seed, "front end")).choice(rows, _FRONT_END_STARS, replace=False)
    return np.sort(chosen)


def _answers(classifier: Classifier, arrays: Arrays, rows: NDArray[np.int64]) -> Classification:
    """Block by block: the stars held out of a large survey need not fit into memory."""
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    return join([classifier.classify(rows_of(arrays, block), batch_size=64) for block in blocks])


def _describe(arrays: Arrays, train: NDArray[np.int64], validation: NDArray[np.int64], left_out: int) -> str:
    counts = np.bincount(arrays["label"], minlength=len(CLASSES))
    shown = ", ".join(f"{name} {count:,}" for name, count in zip(CLASSES, counts, strict=True))
    aside = f" {left_out:,} stars are left out." if left_out else ""
    return f"{len(train):,} stars to train on and {len(validation):,} to judge by ({shown}).{aside}"
