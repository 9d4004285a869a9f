"""A recogniser on disk: ``recogniser.safetensors``, ``recogniser.json``, and ``network.safetensors`` if it has one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
from torch import Tensor, nn

from ml_core.anime.classifier.network import CharacterNetwork
from ml_core.anime.collection.square import Fit
from ml_core.anime.describe.by_network import NetworkDescriber
from ml_core.anime.describe.describer import Describer
from ml_core.anime.recognise.metric import Metric
from ml_core.anime.recognise.recogniser import Calibration, Exemplars, Recogniser
from ml_core.run.files import write_json_atomic
from ml_core.weights.errors import WeightFileError, WeightMismatchError

TENSORS: Final = "recogniser.safetensors"
FACTS: Final = "recogniser.json"
NETWORK: Final = "network.safetensors"
_FORMAT: Final = 1
_MAX_FACTS_BYTES: Final = 256 * 2**20  # names of a million exemplars
_DESCRIBER = "describer."


def save_recogniser(recogniser: Recogniser, folder: Path, fit_picture: Fit = "crop") -> list[str]:
    """Write the files into ``folder``, which is made where it is missing; returns their names, tensors first."""
    folder.mkdir(parents=True, exist_ok=True)
    describer = recogniser.describer
    tensors = {f"{_DESCRIBER}{name}": tensor for name, tensor in _own_tensors(describer).items()}
    tensors |= {
        "metric.origin": recogniser.metric.origin,
        "metric.basis": recogniser.metric.basis,
        "exemplars.vectors": recogniser.exemplars.vectors,
        "exemplars.labels": recogniser.exemplars.labels,
    }
    _write(folder / TENSORS, tensors)
    network = recogniser.network
    facts: dict[str, Any] = {
        "format": _FORMAT,
        "kind": "anime.recogniser",
        "characters": recogniser.characters,
        "fit_picture": fit_picture,
        "describer": _settings_of(describer),
        "metric": list(recogniser.metric.basis.shape),
        "calibration": vars(recogniser.calibration),
        "exemplars": recogniser.exemplars.names,
        "space": space_of(recogniser),
        "network": None,
    }
    if network is not None:
        _write(folder / NETWORK, network.net.state_dict())
        facts["network"] = {
            "architecture": network.architecture,
            "size": network.size,
            "mirrors": network.mirrors,
            "characters": recogniser.network_classes,
        }
    write_json_atomic(folder / FACTS, facts)
    return [TENSORS, *([NETWORK] if network is not None else []), FACTS]


def load_recogniser(folder: Path) -> Recogniser:
    """Read what ``save_recogniser`` left.

    Raises:
        WeightFileError: A file is missing, damaged or of another kind.
        WeightMismatchError: Files do not belong together.
    """
    facts = read_recogniser_facts(folder)
    tensors = _read(folder / TENSORS)
    try:
        network = _load_network(facts["network"], folder) if facts["network"] is not None else None
        describer = _load_describer(facts["describer"], tensors, network)
        metric = Metric(tensors["metric.origin"], tensors["metric.basis"])
        exemplars = Exemplars(tensors["exemplars.vectors"], tensors["exemplars.labels"], list(facts["exemplars"]))
        fits = len(metric.origin) == describer.length and list(metric.basis.shape) == list(facts["metric"])
        if not fits or len(exemplars.vectors) != len(exemplars.names) or len(exemplars.labels) != len(exemplars.names):
            raise _mismatch(TENSORS)
        return Recogniser(
            list(facts["characters"]),
            describer,
            metric,
            exemplars,
            Calibration(**facts["calibration"]),
            network,
            list(facts["network"]["characters"]) if network is not None else [],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(FACTS) from error


def _load_network(facts: Mapping[str, Any], folder: Path) -> CharacterNetwork:
    network = CharacterNetwork(facts["architecture"], len(facts["characters"]), int(facts["size"])).eval()
    network.mirrors = bool(facts.get("mirrors", True))
    _load(network.net, _read(folder / NETWORK), NETWORK)
    return network


def _settings_of(describer: Describer | NetworkDescriber) -> dict[str, int] | None:
    """None stands for a description by the network."""
    if not isinstance(describer, Describer):
        return None
    return {"kept": describer.kept, "gaussians": describer.gaussians, "step": describer.step}


def _own_tensors(describer: Describer | NetworkDescriber) -> dict[str, Tensor]:
    """Those that do not lie in the network's file."""
    return (describer if isinstance(describer, Describer) else describer.scale).state_dict()


def _load_describer(
    settings: Mapping[str, int] | None, tensors: Mapping[str, Tensor], network: CharacterNetwork | None
) -> Describer | NetworkDescriber:
    own = {name.removeprefix(_DESCRIBER): tensor for name, tensor in tensors.items() if name.startswith(_DESCRIBER)}
    if settings is not None:
        describer = Describer(**settings)
        _load(describer, own, TENSORS)
        return describer
    if network is None:
        raise _mismatch(FACTS)
    by_network = NetworkDescriber(network).eval()
    _load(by_network.scale, own, TENSORS)
    return by_network


def read_recogniser_facts(folder: Path) -> dict[str, Any]:
    """The content of ``recogniser.json``.

    Raises:
        WeightFileError: It is missing, damaged or of another kind.
    """
    path = folder / FACTS
    try:
        if path.stat().st_size > _MAX_FACTS_BYTES:
            raise _damaged(FACTS)
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(FACTS) from error
    if not isinstance(facts, dict) or facts.get("kind") != "anime.recogniser" or facts.get("format") != _FORMAT:
        raise _damaged(FACTS)
    return facts


def space_of(recogniser: Recogniser) -> str:
    """A hash of describer and metric: vectors of equal spaces may be compared, others not."""
    digest = hashlib.sha256()
    tensors = {
        **recogniser.describer.state_dict(),
        "origin": recogniser.metric.origin,
        "basis": recogniser.metric.basis,
    }
    for name in sorted(tensors):
        digest.update(f"{name}:{tuple(tensors[name].shape)};".encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    safetensors.torch.save_file(plain, path)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise _damaged(path.name) from error


def _load(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise _mismatch(where) from error


def _damaged(name: str) -> WeightFileError:
    return WeightFileError(
        f"{name} is missing or damaged.", hint="Use the folder as the training left it, or train again.", where=name
    )


def _mismatch(name: str) -> WeightMismatchError:
    return WeightMismatchError(
        "The tensors do not fit what is described beside them.",
        hint="Use the folder as the training left it.",
        where=name,
    )
