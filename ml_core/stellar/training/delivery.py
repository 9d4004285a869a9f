"""What a training leaves: weight folder, the specification's checkpoint, plots, history, report, answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from ml_core.engine.loop import FitResult
from ml_core.run.context import RunContext
from ml_core.run.events import utc_now
from ml_core.run.files import to_json, write_atomic, write_json_atomic
from ml_core.stellar.images.composite import SIDE
from ml_core.stellar.neighbours import embedding_map
from ml_core.stellar.network_files import GRID_FACTS
from ml_core.stellar.predict.classification import Classification
from ml_core.stellar.predict.classifier import TASK, WEIGHT_PATH
from ml_core.stellar.predict.tables import embedding_columns, predictions_csv
from ml_core.stellar.spectra.subclass import CLASSES
from ml_core.stellar.survey_arrays import Arrays
from ml_core.stellar.training.config import TrainConfig
from ml_core.stellar.training.history import HISTORY_FILE, append_history, epoch_rows
from ml_core.stellar.training.plots import plot_metrics
from ml_core.stellar.training.report import full_report
from ml_core.weights.folder import FACTS_FILE, TENSOR_SUFFIX, WeightFacts, write_facts

REPORT_FILE: Final = "report.json"
_OF_THIS_MACHINE: Final = {"survey", "cache", "history_file", "device", "threads", "checkpoint_every_s"}
_PHOTOMETRY: Final = {"recommended": ["g", "r", "i", "z"], "fusion_plain": []}


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        network: With the best weights, calibrated, on the CPU.
        result: Of the fit loop.
        answers: About the validation stars.
        arrays: Of the validation stars.
        stars: Numbers of stars: ``train``, ``validation``, ``left_out``.
    """

    network: nn.Module
    result: FitResult
    answers: Classification
    arrays: Arrays
    stars: dict[str, int]


def deliver(config: TrainConfig, trained: Trained, run: RunContext) -> dict[str, Any]:
    """Write everything and announce it; returns what ``result.json`` says."""
    training_id = str(run.dir.read_record()["id"])
    report = {
        "training_id": training_id, "model": config.model, "modality": config.modality,
        **full_report(trained.answers, trained.arrays, seed=config.seed),
    }  # fmt: skip
    final = final_metrics(report)
    described = config.model_dump(mode="json", exclude=_OF_THIS_MACHINE)
    write_weights(trained.network, config, report, final, run)
    write_checkpoint(trained.network, training_id, described, run)
    names, labels, sn = (trained.arrays[name] for name in ("name", "label", "sn"))
    places = embedding_map(trained.answers.embedding, method="pca", seed=config.seed)
    texts = {
        REPORT_FILE: to_json(report, indent=2),
        "classification_report.txt": report["classification_report"] + "\n",
        "predictions.csv": predictions_csv(trained.answers, names.tolist(), labels, sn),
        "embedding.json": to_json(embedding_columns(trained.answers, places, names.tolist(), labels, sn)),
    }
    for name, text in texts.items():
        path = run.artifact_path(name)
        write_atomic(path, text.encode())
        run.artifact(path)
    rows = epoch_rows(run)
    for path in plot_metrics(rows, run.artifact_path("plots/x").parent, training_id):
        run.artifact(path)
    entry = {
        "training_id": training_id, "created": utc_now(), "config": described, "stars": trained.stars, "epochs": rows,
        "final": final, "best_epoch": trained.result.best_epoch,
        "report": {name: report[name] for name in ("scores", "confusion", "per_class", "classification_report")},
    }  # fmt: skip
    write_history(entry, config.history_file, run)
    for line in report["classification_report"].splitlines():
        run.log(line or " ")
    return {"training_id": training_id, "metrics": final, "weight": {"path": WEIGHT_PATH}}


def final_metrics(report: dict[str, Any]) -> dict[str, float]:
    """The few numbers about the fused answer that lists of weights show."""
    found = report["scores"]["all"]["fusion"]
    rows = [row for row in report["per_class"]["fusion"] if row["n"]]
    final = {name: found[name] for name in ("accuracy", "within_one", "ece")} | {"f1": found["macro_f1"]}
    for name in ("precision", "recall"):
        final[name] = round(sum(row[name] for row in rows) / len(rows), 6)
    for group in ("low", "high"):
        value = report["scores"][group].get("fusion", {}).get("macro_f1")
        if value is not None:
            final[f"f1_{group}"] = value
    return final


def write_weights(
    network: nn.Module, config: TrainConfig, report: dict[str, Any], metrics: dict[str, float], run: RunContext
) -> None:
    """Leave ``artifacts/weight``: the network's own files, the report, and ``weight.json``."""
    folder = run.artifact_path(f"weight/{FACTS_FILE}").parent
    network.save_pretrained(folder)  # type: ignore[operator]  # of a StarNetwork
    write_json_atomic(folder / REPORT_FILE, report)
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {FACTS_FILE}
    files = sorted(names, key=lambda name: (not name.endswith(TENSOR_SUFFIX), name))
    record = run.dir.read_record()
    write_facts(
        folder,
        WeightFacts(
            task=TASK, files=files, classes=list(CLASSES), metrics=metrics, run_id=record["id"], created=utc_now(),
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            dataset_fingerprint=record["data_fingerprint"],
            preprocessing={
                "model": config.model, "modality": config.modality, "grid": GRID_FACTS, "image_side": SIDE,
                "photometry": _PHOTOMETRY[config.model],
                "settings": config.model_dump(mode="json", exclude=_OF_THIS_MACHINE | {"pretrained"}),
            },
        ),
    )  # fmt: skip
    for name in (FACTS_FILE, *files):
        run.artifact(folder / name)


def write_checkpoint(network: nn.Module, training_id: str, described: dict[str, Any], run: RunContext) -> None:
    """Leave ``checkpoints/<training id>_best.pth``, a plain dictionary of tensors, and its settings beside it.

    ``torch.load(path, weights_only=True)`` reads it; nothing here ever does.
    """
    path = run.artifact_path(f"checkpoints/{training_id}_best.pth")
    torch.save({name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}, path)
    write_json_atomic(path.with_suffix(".json"), described)
    run.artifact(path)
    run.artifact(path.with_suffix(".json"))


def write_history(entry: dict[str, Any], shared: str, run: RunContext) -> None:
    """The run's own history, and the shared one where there is one."""
    own = run.artifact_path(HISTORY_FILE)
    write_json_atomic(own, [entry])
    run.artifact(own)
    if shared and not append_history(Path(shared), entry):
        run.log("The shared history file holds something else and was left as it is.", "warning")
