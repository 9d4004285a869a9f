"""``anime.fusion``: from a folder of characters with texts to a recogniser that reads, beside image and text alone."""

from __future__ import annotations

from collections.abc import Sequence
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
from ml_core.anime.fusion.text.changes import misspell, shorten
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
class _Texts:
    """What is written about the characters of a collection, in their order.

    Attributes:
        by_name: All of it.
        learnt: What is learnt from, a list for each character.
        kept: A text of each character that is not, if it has several.
    """

    by_name: dict[str, CharacterTexts]
    learnt: list[list[str]]
    kept: list[str]

    @property
    def names(self) -> list[str]:
        """The described characters."""
        return list(self.by_name)


@dataclass(frozen=True)
class _Seen:
    """What images say by themselves to somebody who did not learn from them.

    Attributes:
        logs: (N, K) logarithms of probabilities.
        labels: (N,) columns of their characters.
        characters: Names of the K columns.
        trusted: (N,) rows whose label is in no doubt.
        judged: (N,) rows that were left out indeed.
    """

    logs: NDArray[np.float64]
    labels: NDArray[np.int64]
    characters: list[str]
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
    texts = _divide_texts(captions, collection, config.seed)
    run.data_fingerprint(f"{collection.fingerprint} sha256:{sha256_file(captions) if captions else ''}")
    classifier, note, result = _learn_texts(config, run, texts.learnt)
    seen = _look(recogniser, collection, config.seed, run)
    held = _held_out(collection, config)
    pooling = _learn_trust(config, classifier, texts, seen, seen.trusted & ~held)
    fusion = Fusion(recogniser, classifier, texts.names, pooling)
    other = _other_images(config, recogniser, fit_picture, side, run) if config.test else seen
    details, judged = _judge(fusion, texts, other, other.judged if config.test else seen.judged & held, config.seed)
    facts = {
        "text_encoder": {"kind": classifier.encoder.kind, "note": note},
        "images": {"all": len(collection.pictures), "judged": judged},
        "texts": {"learnt": sum(len(own) for own in texts.learnt), "kept": len(texts.kept)},
        "characters": recogniser.characters,
        "described": texts.names,
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


def _divide_texts(captions: Path | None, collection: Collection, seed: int) -> _Texts:
    found = read_captions(captions) if captions is not None else {}
    by_name = {name: found[name] for name in collection.characters if name in found}
    if len(by_name) < _FEWEST_DESCRIBED:
        raise _no_captions(f"Texts are there for {len(by_name)} of {len(collection.characters)} characters.")
    # One draw for all: were texts of another kind kept of each, their turns of phrase would tell characters apart.
    draw = int(np.random.default_rng([seed, 11]).integers(1 << 20))
    divided = [texts.divided(draw) for texts in by_name.values()]
    return _Texts(by_name, [list(learnt) for learnt, _ in divided], [kept for _, kept in divided])


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
    logs, judged = left_out_log_probabilities(fitted), fitted.left_out.judged
    return _Seen(logs, collection.labels.numpy(), collection.characters, fitted.trusted, judged)


def _held_out(collection: Collection, config: FusionConfig) -> NDArray[np.bool_]:
    """Images to judge by; none where there are others for that."""
    keys = [picture.sha256 for picture in collection.pictures]
    groups, share = collection.copies.group_of.tolist(), 0.0 if config.test else config.validation
    return hold_out(collection.labels.tolist(), groups, keys, share=share, seed=config.seed)


def _learn_trust(
    config: FusionConfig, classifier: TextClassifier, texts: _Texts, seen: _Seen, usable: NDArray[np.bool_]
) -> Pooling:
    """From images with changed texts about their character and, as often as is expected, about another."""
    place = {seen.characters.index(name): number for number, name in enumerate(texts.names)}
    rows = [row for row in np.flatnonzero(usable).tolist() if int(seen.labels[row]) in place] * _TEXTS_AN_IMAGE
    rng = np.random.default_rng([config.seed, 13])
    asked = []
    for row in rows:
        about = place[int(seen.labels[row])]
        if rng.random() < config.wrong_share:
            about = (about + int(rng.integers(1, len(texts.names)))) % len(texts.names)
        own = texts.learnt[about]
        asked.append(misspell(shorten(own[int(rng.integers(len(own)))], rng), rng))
    evidence = in_columns(classifier.evidence(asked), texts.names, seen.characters)
    return fit_pooling(seen.logs[rows], evidence, seen.labels[rows])


def _other_images(config: FusionConfig, recogniser: Recogniser, fit_picture: Fit, side: int, run: RunContext) -> _Seen:
    """What the recogniser says about the test images."""
    other = read_collection(Path(config.test), fit_picture, stage_progress(run, "reading test images"), side)
    _refuse_unknown(recogniser, other)
    places = np.array([recogniser.characters.index(name) for name in other.characters], dtype=np.int64)
    logs = np.log(np.maximum(recogniser.answer(other.pixels).probabilities, 1e-12))
    all_rows = np.ones(len(logs), dtype=bool)
    return _Seen(logs, places[other.labels.numpy()], recogniser.characters, all_rows, all_rows)


def _judge(
    fusion: Fusion, texts: _Texts, seen: _Seen, rows: NDArray[np.bool_], seed: int
) -> tuple[dict[str, dict[str, float]], int]:
    """Scores by condition, and of how many images of described characters."""
    places = [seen.characters.index(name) for name in texts.names]
    rows = rows & np.isin(seen.labels, places)
    if not rows.any():
        raise _no_captions("Texts are about characters that there are no images of to judge by.")
    asked = texts_to_ask(list(texts.by_name.values()), texts.kept, seed)

    def read(some: Sequence[str]) -> NDArray[np.float64]:
        return in_columns(fusion.classifier.evidence(some), texts.names, seen.characters)

    return judge(seen.logs[rows], seen.labels[rows], asked, places, read, fusion.pooling), int(rows.sum())
