"""What pages show of a run beyond its fields: its numbers in order, its actions, its tabs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cvstudio.common.schema_form import build_form
from cvstudio.runs.compare import flatten
from cvstudio.runs.listing import metrics_of
from cvstudio.runs.models import Run, RunEvent, RunState
from cvstudio.runs.services.start_search import RECIPE as SEARCH
from cvstudio.runs.states import ACTIVE, ENDED, RESUMABLE
from cvstudio.runs.tables import read_table
from cvstudio.runs.verdicts import verdict_of
from ml_core.errors import CodedError
from ml_core.run.registry import all_recipes, get_recipe

SHOWN_METRICS = 2
TABLES = (
    "confusion.json", "per_class.json", "worst.json", "detection.json", "worst_boxes.json", "segmentation.json",
    "worst_masks.json",
)  # fmt: skip
OBJECT_SCORES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "precision", "recall", "f1")
PIXEL_SCORES = ("iou", "dice", "precision", "recall", "boundary_f1")
SHAPE_COLOURS = 8  # of the style sheet
SHOWN_ELSEWHERE = ("graph", "data.version", "data.root")
PHASES = {"val": _("validation"), "test": _("test")}
TEST_PREFIX = "test_"
SHOWN_WORST = 24
MAX_SAMPLES = 1_000
MAX_TABLE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Action:
    """A button on a run's page; `main` marks the one that is most likely wanted."""

    key: str
    title: str | Promise
    icon: str
    main: bool = False
    danger: bool = False


PAUSE = Action("pause", _("Pause"), "pause")
RESUME = Action("resume", _("Resume"), "play", main=True)
STOP = Action("stop", _("Stop"), "stop", danger=True)
CHECKPOINT = Action("checkpoint", _("Checkpoint now"), "flag")


def actions_of(run: Run) -> list[Action]:
    """Return what the run can be asked for in its state; the server checks again."""
    state = RunState(run.state)
    actions: list[Action] = []
    if state in RESUMABLE:
        # What failed by itself will fail again the same way: changing something is likelier to help.
        actions.append(replace(RESUME, main=state != RunState.FAILED))
    if state in (RunState.QUEUED, RunState.STARTING, RunState.RUNNING):
        actions.append(PAUSE)
    if state in (RunState.STARTING, RunState.RUNNING) and run.queue == "train":
        actions.append(CHECKPOINT)
    if state in {RunState.QUEUED, RunState.PAUSED, RunState.LOST, *ACTIVE} - {RunState.STOPPING}:
        actions.append(STOP)
    return actions


def as_row(run: Run, metric_columns: list[str]) -> dict[str, Any]:
    """Return what a row of the table shows."""
    values = metrics_of(run)
    return {
        "run": run,
        "speaking": speaking_metrics(values),
        "metrics": [(name, values.get(name)) for name in metric_columns],
        "live": run.state in ACTIVE or run.state == RunState.QUEUED,
    }


def speaking_metrics(values: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the few numbers that say most: those of validation, a quality before a loss."""
    rank = {"val": 0, "test": 1, "train": 2}

    def weight(name: str) -> tuple[int, bool, str]:
        phase, _slash, short = name.partition("/")
        return rank.get(phase, 3), short == "loss", name

    telling = [name for name in values if not name.endswith("/learning_rate")]
    return [(name, values[name]) for name in sorted(telling, key=weight)[:SHOWN_METRICS]]


def known_recipes() -> list[tuple[str, str]]:
    """Return the recipes that can be filtered by: name and title."""
    return sorted((entry.name, gettext(entry.title)) for entry in all_recipes())


def recipe_title(name: str) -> str:
    """Return the title of a recipe; its name where the recipe is no longer installed."""
    try:
        return gettext(get_recipe(name).title)
    except CodedError:
        return name


def tabs_of(run: Run) -> list[dict[str, Any]]:
    """Return the tabs of a run's page: only those that can have something in them."""
    trains = run.queue == "train"
    wanted = (
        ("result", _("Result"), "check-circle", run.state in ENDED),
        ("trials", _("Trials"), "search", run.recipe == SEARCH),
        ("curves", _("Curves"), "chart", True),
        ("log", _("Log"), "terminal", True),
        ("resources", _("Resources"), "system", True),
        ("config", _("Configuration"), "settings", True),
        ("checkpoints", _("Checkpoints"), "flag", trains),
        ("artifacts", _("Artifacts"), "file", True),
        ("lineage", _("Lineage"), "branch", True),
    )
    return [
        {"key": key, "title": title, "icon": icon, "url": reverse("runs:tab", args=[run.id, key])}
        for key, title, icon, shown in wanted
        if shown
    ]


def last_line(run: Run) -> RunEvent | None:
    """Return the last line of the log that says something is wrong, else the last line."""
    lines = RunEvent.objects.filter(run=run, kind="log").order_by("-seq")
    # The line that repeats the cause says nothing new.
    told = str(run.cause.get("message") or "\0")
    recent = [line for line in lines[:50] if told not in str(line.data.get("message", ""))]
    return next((line for line in recent if line.data.get("level") in ("error", "critical")), next(iter(recent), None))


def resource_samples(run: Run) -> list[dict[str, Any]]:
    """Return what the trainer used, at most `MAX_SAMPLES` of the measurements."""
    events = RunEvent.objects.filter(run=run, kind="resource").order_by("seq").values_list("seq", "time", "data")
    rows = list(events)
    every = 1 + len(rows) // MAX_SAMPLES
    return [{"seq": seq, "time": time.isoformat(), **data} for seq, time, data in rows[::every]]


def config_groups(run: Run) -> list[dict[str, Any]]:
    """Return the configuration by parts, each setting with its default where that differs."""
    try:
        schema = get_recipe(run.recipe).config.model_json_schema()
    except CodedError:
        return [{"title": "", "settings": [(key, value, None) for key, value in flatten(run.config).items()]}]
    form = build_form(schema, run.config, leave_out=SHOWN_ELSEWHERE)
    return [
        {"title": group.title, "settings": [(field, field.value != field.default) for field in group.fields]}
        for group in form.groups
    ]


def result_view(run: Run) -> dict[str, Any]:
    """Return what the end of a run left: its metrics, and the tables that its recipe wrote as artifacts."""
    result = run.result or {}
    stored = result.get("metrics") or {}
    metrics = {name: value for name, value in stored.items() if not isinstance(value, dict | list)}
    tables = _tables(run)
    plain = [name for name in metrics if not name.startswith(TEST_PREFIX)]
    return {
        "metrics": [(name, metrics[name], metrics.get(TEST_PREFIX + name)) for name in plain],
        "has_test": len(plain) < len(metrics),
        "best": run.summary.get("best"),
        "confusion": tables.get("confusion.json"),
        "per_class": tables.get("per_class.json", {}).get("rows", []),
        "worst": _with_pictures(run, tables.get("worst.json", {}).get("rows", [])),
        "detection": tables.get("detection.json"),
        "objects": _with_values(tables.get("detection.json", {}), OBJECT_SCORES),
        "worst_boxes": _drawn(run, tables.get("worst_boxes.json")),
        "segmentation": tables.get("segmentation.json"),
        "pixel_classes": _with_values(tables.get("segmentation.json", {}), PIXEL_SCORES),
        "worst_masks": _with_key(_drawn(run, tables.get("worst_masks.json"))),
        "judged_on": PHASES.get(tables.get("confusion.json", {}).get("phase", ""), ""),
        "verdict": verdict_of(run),
        "facts": {
            key: value
            for key, value in result.items()
            if isinstance(value, str | int | float | bool) and key != "verdict"
        },
    }


def _with_pictures(run: Run, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the address of its thumbnail to each image that the data set still has."""
    if run.dataset_version is None or not rows:
        return rows[:SHOWN_WORST]
    shown = rows[:SHOWN_WORST]
    images = run.dataset_version.images.filter(path__in=[row["path"] for row in shown])
    ids = dict(images.values_list("path", "id"))
    start = f"/api/v1/datasets/{run.dataset_version.dataset_id}/images"
    return [{**row, "picture": f"{start}/{ids[row['path']]}" if row["path"] in ids else ""} for row in shown]


def _with_values(table: dict[str, Any], scores: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of a table, one for each class, with their scores in this order."""
    return [{**row, "values": [row.get(key) for key in scores]} for row in table.get("rows", [])]


def _with_key(table: dict[str, Any] | None) -> dict[str, Any] | None:
    """The table with the names of its classes and the class of the style sheet that gives each its colour."""
    if table is None:
        return None
    key = [(name, f"shape-{number % SHAPE_COLOURS + 1}") for number, name in enumerate(table["classes"])]
    return {**table, "key": key}


def _drawn(run: Run, table: dict[str, Any] | None) -> dict[str, Any] | None:
    """Images as the page draws them; without those that the data set has no more."""
    if table is None:
        return None
    rows = [row for row in _with_pictures(run, table.get("rows", [])) if row.get("picture")]
    return {"classes": table.get("classes", []), "rows": rows} if rows else None


def _tables(run: Run) -> dict[str, dict[str, Any]]:
    """Read the small JSON tables among the artifacts; those of the test split before those of validation."""
    found: dict[str, dict[str, Any]] = {}
    for artifact in run.artifacts.filter(media_type="application/json"):
        phase, _slash, name = artifact.name.rpartition("/")
        if name not in TABLES or (name in found and phase != "test"):
            continue
        table = read_table(artifact, MAX_TABLE_BYTES)
        if table is not None:
            found[name] = table
    return found
