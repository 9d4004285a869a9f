"""The model card of a version: what is recorded about it, and nothing that is not.

Every line is read from the library, the run, the data set or their files. What nobody measured or wrote down is left
out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cvstudio.common.quantities import scaled_bytes
from cvstudio.common.wording import words
from cvstudio.datasets.finding_words import worded
from cvstudio.datasets.models import DatasetVersion
from cvstudio.datasets.selectors import findings_of
from cvstudio.runs.compare import flatten
from cvstudio.runs.folders import run_folder
from cvstudio.runs.models import Run
from cvstudio.runs.presentation import recipe_title, result_view
from cvstudio.weights.models import WeightVersion
from ml_core.errors import CodedError
from ml_core.run.directory import RunDirectory

MOST_ROWS = 60
FEW_IMAGES = 20
WEAKEST = 3
SPLITS = ("train", "val", "test")
_SETTINGS = (
    "seed", "fit.epochs", "fit.batch_size", "fit.accumulate", "fit.optimizer", "fit.learning_rate", "fit.weight_decay",
    "fit.schedule", "fit.ema_decay", "fit.precision", "label_smoothing", "detector", "loss",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table of a section: titles of its columns, and rows of texts."""

    columns: list[str]
    rows: list[list[str]]


@dataclass
class Section:
    """One part of the card.

    Attributes:
        title: Its heading.
        facts: Names with values.
        lines: Sentences.
        table: Rows by class, where there are any.
    """

    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    table: Table | None = None

    def __bool__(self) -> bool:
        """Whether something is known."""
        return bool(self.facts or self.lines or self.table)


@dataclass(frozen=True)
class Card:
    """A model card."""

    title: str
    sections: list[Section]


def card_of(version: WeightVersion) -> Card:
    """Gather what is recorded about a version."""
    data, run = version.dataset_version, version.run
    result = result_view(run) if run is not None else {}
    parts = [
        _identity(version),
        *([_data(data)] if data is not None else []),
        *([_training(version, run)] if run is not None else []),
        _judgement(version, result),
        Section(_("What the numbers do not cover"), lines=list(_limits(data, result))),
    ]
    return Card(str(version), [part for part in parts if part])


def _identity(version: WeightVersion) -> Section:
    weight, graph, shown = version.weight, version.architecture_version, version.preprocessing
    names = ", ".join(alias.name for alias in version.aliases.all())
    size = shown.get("size")
    part = Section(_("What it is"), [(_("Task"), weight.task)])
    part.facts += [(_("Aliases"), names)] if names else []
    part.facts += [(_("Architecture"), f"{graph.architecture.name} v{graph.number}")] if graph else []
    part.facts.append((_("Parameters"), f"{version.facts.get('parameters') or version.facts.get('elements', 0):,}"))
    part.facts.append((_("Size"), scaled_bytes(version.size_bytes)))
    if size:
        part.facts.append((_("Input"), f"{shown.get('mode', 'RGB')} {size[0]} × {size[1]} px"))
    part.facts += [(_("Classes"), f"{len(version.classes)}: {_first(version.classes)}")] if version.classes else []
    part.facts.append((_("Owner"), weight.owner.username))
    part.facts.append((_("Made"), date_format(version.created_at, "Y-m-d H:i")))
    part.facts.append((_("Source"), str(version.get_source_display())))
    part.facts.append(("SHA-256", version.sha256))
    part.lines = [text for text in (weight.description, version.notes) if text]
    return part


def _data(data: DatasetVersion) -> Section:
    counts = data.counts
    part = Section(_("What it learned from"), [(_("Data set"), str(data))])
    part.facts += [(_("Fingerprint"), data.fingerprint)] if data.fingerprint else []
    for split, title in zip(SPLITS, (_("Training"), _("Validation"), _("Test")), strict=True):
        number = counts.get("splits", {}).get(split, 0)
        text = ngettext("%(n)s image", "%(n)s images", number) % {"n": f"{number:,}"}
        part.facts.append((title, text))
    if rejected := counts.get("rejected"):
        part.facts.append((_("Left out by the import"), f"{rejected:,}"))
    part.lines = [data.dataset.description] if data.dataset.description else []
    rows = [
        [name, *(f"{numbers.get(split, 0):,}" for split in SPLITS)]
        for name, numbers in zip(data.classes, counts.get("classes", []), strict=False)
    ]
    if rows:
        part.table = Table([_("Class"), _("Training"), _("Validation"), _("Test")], rows[:MOST_ROWS])
    return part


def _training(version: WeightVersion, run: Run) -> Section:
    settings = flatten(run.config)
    part = Section(_("How it was trained"), [(_("Run"), f"{run.name} ({recipe_title(run.recipe)})")])
    if version.parent is not None:
        part.facts.append((_("Started from"), str(version.parent)))
    part.facts += [(words(key.rpartition(".")[2]), str(settings[key])) for key in _SETTINGS if settings.get(key)]
    if operations := run.config.get("augment"):
        part.facts.append((_("Augmentation"), ", ".join(str(entry.get("op", "")) for entry in operations)))
    for key, title in (("epochs", _("Epochs done")), ("best_epoch", words("best_epoch")), ("steps", words("steps"))):
        if run.result.get(key) is not None:
            part.facts.append((title, str(run.result[key])))
    if run.active_s:
        part.facts.append((_("Seconds at work"), f"{run.active_s:,.0f}"))
    if versions := _versions(run):
        part.facts.append((_("Made with"), ", ".join(f"{name} {number}" for name, number in versions.items())))
    return part


def _versions(run: Run) -> dict[str, str]:
    try:
        return dict(RunDirectory(run_folder(run.id)).read_record()["versions"])
    except (CodedError, OSError, LookupError, TypeError, ValueError):
        return {}  # the folder of the run is gone; the rest of the card stands


def _judgement(version: WeightVersion, result: dict[str, Any]) -> Section:
    part = Section(_("How it was judged"))
    numbers = {name: value for name, value in version.metrics.items() if isinstance(value, int | float)}
    tested = {name: value for name, value in numbers.items() if name.startswith("test_")}
    chosen = {name: value for name, value in numbers.items() if name not in tested}
    part.facts = [(f"{words(name)} ({_('validation')})", f"{value:.4g}") for name, value in chosen.items()]
    part.facts += [(f"{words(name[5:])} ({_('test')})", f"{value:.4g}") for name, value in tested.items()]
    rows = [[str(row.get("class")), *_percents(row), str(row.get("support", ""))] for row in _per_class(result)]
    if rows:
        counted = _("Images") if result.get("per_class") else _("Objects")
        part.table = Table([_("Class"), _("Precision"), _("Recall"), "F1", counted], rows[:MOST_ROWS])
    if rows and (phase := result.get("judged_on")):
        part.lines = [_("The scores of each class are those of the %(phase)s images.") % {"phase": phase}]
    return part


def _per_class(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Scores of each class, of a classifier or of whatever finds things."""
    rows = result.get("per_class") or (result.get("detection") or {}).get("rows") or []
    return [row for row in rows if isinstance(row, dict)]


def _percents(row: dict[str, Any]) -> list[str]:
    values = [row.get(key) for key in ("precision", "recall", "f1")]
    return [f"{value:.1%}" if isinstance(value, int | float) else "–" for value in values]


def _limits(data: DatasetVersion | None, result: dict[str, Any]) -> Iterator[str]:
    """What follows from the counts and the scores alone."""
    if data is None:
        yield _("It came from elsewhere: what it learned from and how it was judged is not recorded here.")
        return
    splits = data.counts.get("splits", {})
    if not splits.get("test"):
        yield _("No images were kept for a test: the validation images also chose these weights, so their "
                "scores flatter.")  # fmt: skip
    if not splits.get("val"):
        yield _("No images were kept for validation: the scores are of the training images.")
    rare = [
        name for name, numbers in zip(data.classes, data.counts.get("classes", []), strict=False)
        if 0 < numbers.get("train", 0) < FEW_IMAGES
    ]  # fmt: skip
    if rare:
        text = _("Classes with fewer than %(n)s images to learn from: %(names)s.")
        yield text % {"n": FEW_IMAGES, "names": _first(rare)}
    weakest = sorted(
        (row for row in _per_class(result) if isinstance(row.get("f1"), int | float)), key=lambda row: row["f1"]
    )
    if len(weakest) > WEAKEST:
        named = [f"{row.get('class')} ({row['f1']:.1%})" for row in weakest[:WEAKEST]]
        yield _("The weakest classes by F1: %(names)s.") % {"names": _first(named)}
    for finding in _findings(data):
        yield str(worded(finding)["message"])


def _findings(data: DatasetVersion) -> list[dict[str, Any]]:
    try:
        return [finding for finding in findings_of(data) if finding.get("severity") != "info"][:MOST_ROWS]
    except (CodedError, OSError):
        return []


def _first(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_ROWS])
    return f"{shown} …" if len(names) > MOST_ROWS else shown
