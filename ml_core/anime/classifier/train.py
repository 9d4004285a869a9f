"""``anime.classifier``: from a folder of characters to a recogniser and a report about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.anime.classifier.config import ClassifierConfig
from ml_core.anime.classifier.data import PictureData
from ml_core.anime.classifier.delivery import Judged, deliver
from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.classifier.pretrained import start_network
from ml_core.anime.classifier.task import CharacterTask
from ml_core.anime.classifier.views import ViewSettings
from ml_core.anime.collection.reading import Collection, read_collection
from ml_core.anime.collection.splits import hold_out
from ml_core.anime.collection.square import side_for
from ml_core.anime.describe.describer import Describer
from ml_core.anime.errors import CollectionError
from ml_core.anime.progress import stage_progress
from ml_core.anime.recognise.calibration import best_temperature, log_softmax
from ml_core.anime.recognise.fitting import FittedPrototypes, fit_prototypes, left_out_log_probabilities
from ml_core.anime.recognise.recogniser import Calibration, Exemplars, Recogniser, best_share, hear_network
from ml_core.engine.device import cap_threads
from ml_core.engine.loop import FitResult, fit
from ml_core.engine.task import FitData
from ml_core.run.context import RunContext
from ml_core.run.seeds import mix

_FEWEST_CHARACTERS = 2


def train_classifier(config: ClassifierConfig, run: RunContext) -> dict[str, Any]:
    """Describe, fit prototypes, train the network, calibrate, report; leave ``artifacts/weight``.

    Raises:
        CollectionError: The folder cannot be learnt from.
        CodedError: See `start_network` and `ml_core.engine.loop.fit`.
    """
    cap_threads(config.fit.threads)
    reading = stage_progress(run, "reading images")
    collection = read_collection(Path(config.known), config.fit_image, reading, side_for(config.image_size))
    _refuse_hopeless(collection)
    run.data_fingerprint(collection.fingerprint)
    keys = [picture.sha256 for picture in collection.pictures]
    groups = collection.copies.group_of.tolist()
    held = hold_out(collection.labels.tolist(), groups, keys, share=config.validation, seed=config.seed)
    describer = Describer()
    describer.fit(collection.pixels, mix(config.seed, "codebooks"), stage_progress(run, "learning colours and edges"))
    descriptions = describer.describe(collection.pixels, stage_progress(run, "describing images"))
    fitted = fit_prototypes(descriptions, collection.labels, groups, keys, config.seed)
    network, result = _train_network(config, run, collection, held)
    recogniser, judged = _join(collection, describer, fitted, descriptions, network, held)
    return deliver(config, run, collection, recogniser, fitted, judged, result)


def _refuse_hopeless(collection: Collection) -> None:
    if len(collection.characters) < _FEWEST_CHARACTERS:
        raise CollectionError(
            "The folder holds one character only, so there is nobody to tell it from.",
            code="anime.one_character",
            hint="Add folders of other characters.",
            where=collection.characters[0],
        )


def _train_network(
    config: ClassifierConfig, run: RunContext, collection: Collection, held: NDArray[np.bool_]
) -> tuple[CharacterNetwork, FitResult]:
    torch.manual_seed(mix(config.seed, "network"))
    network = CharacterNetwork(config.architecture, len(collection.characters), config.image_size)
    run.log(start_network(network, config.pretrained), step=0)
    views = ViewSettings(config.least_area, config.rotation, config.colour)
    paths = [picture.path for picture in collection.pictures]

    def part(chosen: NDArray[np.bool_], shown: ViewSettings | None) -> PictureData:
        rows = torch.from_numpy(np.flatnonzero(chosen))
        names = [paths[row] for row in rows.tolist()]
        return PictureData(
            collection.pixels[rows], collection.labels[rows], names, config.image_size, config.seed, shown
        )

    data = FitData(part(~held, views), part(held, None) if held.any() else None)
    result = fit(CharacterTask(network, config.label_smoothing, config.mixing), data, config.fit, run)
    return network.cpu().eval(), result


def _join(
    collection: Collection,
    describer: Describer,
    fitted: FittedPrototypes,
    descriptions: torch.Tensor,
    network: CharacterNetwork,
    held: NDArray[np.bool_],
) -> tuple[Recogniser, Judged]:
    """Calibrate all parts on the pictures held out. Their prototypes come from rounds that left them out as well."""
    positions = np.flatnonzero(held & fitted.left_out.judged)
    labels = collection.labels.numpy()[positions]
    logits = network.logits(collection.pixels[torch.from_numpy(positions)]).double().numpy()
    trusted = fitted.trusted[positions]
    network_temperature = best_temperature(logits[trusted], labels[trusted])
    own = left_out_log_probabilities(fitted)[positions]
    heard = log_softmax(logits / network_temperature)
    share, temperature = best_share(own[trusted], heard[trusted], labels[trusted])
    joined = hear_network(own, heard, list(range(len(collection.characters))), share)
    calibration = Calibration(
        fitted.temperature, network_temperature, temperature, fitted.kinship, fitted.familiar, share
    )
    exemplars = Exemplars(
        fitted.metric(descriptions), collection.labels, [picture.path for picture in collection.pictures]
    )
    names = list(collection.characters)
    recogniser = Recogniser(names, describer, fitted.metric, exemplars, calibration, network, names)
    by = {
        "together": np.exp(log_softmax(joined / temperature)),
        "network": np.exp(heard),
        "colour_and_texture": np.exp(own),
    }
    return recogniser, Judged(labels, positions, by)
