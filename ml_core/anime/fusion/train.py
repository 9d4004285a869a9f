"""``anime.fusion``: from a folder of characters with texts to a recogniser that reads, beside image and text alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml_core.anime.classifier.delivery import WEIGHT_PATH
from ml_core.anime.collection.reading import Collection, read_collection
from ml_core.anime.collection.splits import hold_out
from ml_core.anime.collection.square import Fit, side_for
from ml_core.anime.errors import CollectionError
from ml_core.anime.fusion.captions import CharacterTexts, find_captions, read_captions
from ml_core.anime.fusion.config import FusionConfig
from ml_core.anime.fusion.delivery import deliver
from ml_core.anime.fusion.fusion import Fusion, in_columns
from ml_core.anime.fusion.judging import judge, texts_to_ask
from ml_core.anime.fusion.pooling import Pooling, fit_pooling
from ml_core.anime.fusion.text.changes import change
from ml_core.anime.fusion.text.choose import choose_encoder
from ml_core.anime.fusion.text.task import TextClassifier, TextData, TextTask
from ml_core.anime.progress import stage_progress
from ml_core.anime.recognise.fitting import fit_prototypes, left_out_log_probabilities
from ml_core.anime.recognise.recogniser import Recogniser
from ml_core.anime.recognise.storage import load_recogniser, read_recogniser_facts
from ml_core.engine.device import cap_threads
from ml_core.engine.loop import fit
from ml_core.engine.task import FitData
from ml_core.run.context import RunContext
from ml_core.run.files import sha256_file
from ml_core.run.nested import run_nested
from ml_core.run.seeds import mix

_TEXTS_AN_IMAGE = 8  # from which the trust in texts is learnt
_FEWEST_DESCRIBED = 2


@dataclass(frozen=True)
class _Seen:
    """What images say by themselves, when they and their copies were left out.

    Attributes:
        logs: (N, K) logarithms of probabilities of the collection's characters.
        trusted: (N,) rows that were judged and whose label is in no doubt.
        judged: (N,) rows that were judged.
    """

    logs: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    judged: NDArray[np.bool_]


def run_fusion(config: FusionConfig, run: RunContext) -> dict[str, Any]:
    """Learn texts, learn how far to believe them, judge, and leave ``artifacts/weight`` and ``report.json``.

    Raises:
        CollectionError: ``anime.no_captions``, ``anime.other_characters``; and as `read_collection`.
        CodedError: See `anime.classifier`, `choose_encoder` and `ml_core.engine.loop.fit`.
    """
    cap_threads(config.fit.threads)
    captions = find_captions(Path(config.known), config.captions)
    folder = _recogniser_folder(config, run)
    recogniser, fit_picture = load_recogniser(folder), read_recogniser_facts(folder)["fit_picture"]
    side = side_for(recogniser.network.size if recogniser.network else 0)
    collection = read_collection(Path(config.known), fit_picture, stage_progress(run, "reading images"), side)
    _refuse_unknown(recogniser, collection)
    described = _described(captions, collection)
    assert captions is not None
    run.data_fingerprint(f"{collection.fingerprint} sha256:{sha256_file(captions)}")
    draws = np.random.default_rng([config.seed, 11]).integers(1 << 20, size=len(described)).tolist()
    divided = [texts.divided(draw) for texts, draw in zip(described.values(), draws, strict=True)]
    learnt = [list(texts) for texts, _ in divided]
    classifier, note, result = _learn_texts(config, run, learnt)
    seen = _look(recogniser, collection, config.seed, run)
    held = hold_out(
        collection.labels.tolist(),
        collection.copies.group_of.tolist(),
        [picture.sha256 for picture in collection.pictures],
        share=config.validation,
        seed=config.seed,
    )
    rows = seen.trusted & (~held | bool(config.test))
    pooling = _learn_trust(config, classifier, collection, list(described), learnt, seen.logs, rows)
    fusion = Fusion(recogniser, classifier, list(described), pooling)
    asked = texts_to_ask(list(described.values()), [text for _, text in divided], config.seed)
    image, labels, characters = (
        _other_images(config, recogniser, fit_picture, side, run)
        if config.test
        else (seen.logs[held & seen.judged], collection.labels.numpy()[held & seen.judged], collection.characters)
    )
    places = [characters.index(name) for name in described]
    is_described = np.isin(labels, places)
    if not is_described.any():
        raise _no_captions("Texts are about characters that there are no images of to judge by.")
    details = judge(
        image[is_described],
        labels[is_described],
        asked,
        places,
        lambda texts: in_columns(_evidence(classifier, texts), fusion.described, characters),
        pooling,
    )
    facts = {
        "text_encoder": {"kind": classifier.encoder.kind, "note": note},
        "images": {"all": len(collection.pictures), "judged": int(is_described.sum())},
        "texts": {"learnt": sum(len(own) for own in learnt), "kept": len(asked.full)},
        "characters": recogniser.characters,
        "described": fusion.described,
    }
    return deliver(run, fusion, fit_picture, collection.fingerprint, details, facts, result)


def _recogniser_folder(config: FusionConfig, run: RunContext) -> Path:
    """Of the given one, or of one that is trained first, in a run of its own."""
    if config.recogniser:
        given = Path(config.recogniser)
        return given / WEIGHT_PATH if (given / WEIGHT_PATH).is_dir() else given
    wishes = config.classifier
    machine = {"device": config.fit.device, "threads": config.fit.threads}
    values = {**wishes, "known": config.known, "seed": config.seed, "fit": {**machine, **wishes.get("fit", {})}}
    path = run.dir.path / "work" / "recogniser"
    run_nested(run, path, "anime.classifier", values, "recogniser")
    return path / WEIGHT_PATH


def _refuse_unknown(recogniser: Recogniser, collection: Collection) -> None:
    strange = sorted(set(collection.characters) - set(recogniser.characters))
    if strange:
        raise CollectionError(
            f"The recogniser does not know {len(strange)} of the characters, such as {strange[0]}.",
            code="anime.other_characters",
            hint="Choose the collection that it was trained on, or add these characters to it first.",
            where=strange[0],
        )


def _described(captions: Path | None, collection: Collection) -> dict[str, CharacterTexts]:
    """Texts of the collection's characters, in their order."""
    found = read_captions(captions) if captions is not None else {}
    described = {name: found[name] for name in collection.characters if name in found}
    if len(described) < _FEWEST_DESCRIBED:
        raise _no_captions(f"Texts are there for {len(described)} of {len(collection.characters)} characters.")
    return described


def _no_captions(message: str) -> CollectionError:
    return CollectionError(
        message,
        code="anime.no_captions",
        hint=f"Describe at least {_FEWEST_DESCRIBED} characters of the collection, with the names of their folders.",
        where="captions",
    )


def _learn_texts(config: FusionConfig, run: RunContext, learnt: list[list[str]]) -> tuple[TextClassifier, str, Any]:
    torch.manual_seed(mix(config.seed, "texts"))
    every = [text for own in learnt for text in own]
    encoder, note = choose_encoder(config.text_model, every, frozen=config.freeze_text_model)
    run.log(note, step=0)
    classifier = TextClassifier(encoder, len(learnt))
    result = fit(TextTask(classifier), FitData(TextData(encoder, learnt, config.seed)), config.fit, run)
    return classifier.cpu().eval(), note, result


def _look(recogniser: Recogniser, collection: Collection, seed: int, run: RunContext) -> _Seen:
    """What the recogniser's prototypes say about images that they were made without."""
    descriptions = recogniser.describer.describe(collection.pixels, stage_progress(run, "describing images"))
    keys = [picture.sha256 for picture in collection.pictures]
    fitted = fit_prototypes(descriptions, collection.labels, collection.copies.group_of.tolist(), keys, seed)
    return _Seen(left_out_log_probabilities(fitted), fitted.trusted, fitted.left_out.judged)


def _learn_trust(
    config: FusionConfig,
    classifier: TextClassifier,
    collection: Collection,
    described: list[str],
    learnt: list[list[str]],
    logs: NDArray[np.float64],
    usable: NDArray[np.bool_],
) -> Pooling:
    """From images with changed texts about their character and, at times, about another."""
    labels = collection.labels.numpy()
    place = {collection.characters.index(name): number for number, name in enumerate(described)}
    rows = [row for row in np.flatnonzero(usable).tolist() if int(labels[row]) in place] * _TEXTS_AN_IMAGE
    rng = np.random.default_rng([config.seed, 13])
    texts = []
    for row in rows:
        about = place[int(labels[row])]
        if rng.random() < config.wrong_share:
            about = (about + int(rng.integers(1, len(described)))) % len(described)
        texts.append(change(learnt[about][int(rng.integers(len(learnt[about])))], rng))
    evidence = in_columns(_evidence(classifier, texts), described, collection.characters)
    return fit_pooling(logs[rows], evidence, labels[rows])


def _evidence(classifier: TextClassifier, texts: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = classifier.log_probabilities(texts).numpy() + np.log(classifier.described)
    return found


def _other_images(
    config: FusionConfig, recogniser: Recogniser, fit_picture: Fit, side: int, run: RunContext
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Logarithms of what the recogniser says about the test images, their labels, and the characters of both."""
    other = read_collection(Path(config.test), fit_picture, stage_progress(run, "reading test images"), side)
    _refuse_unknown(recogniser, other)
    places = np.array([recogniser.characters.index(name) for name in other.characters], dtype=np.int64)
    logs = np.log(np.maximum(recogniser.answer(other.pixels).probabilities, 1e-12))
    return logs, places[other.labels.numpy()], recogniser.characters
