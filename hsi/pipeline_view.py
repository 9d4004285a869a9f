"""What the pages show of a chain: its stages as steps, presets with their time, what can be asked of it."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cvstudio.runs.models import Run
from hsi.detect_pages import ids_of
from hsi.models import STAGES, Pipeline, Scene
from hsi.pipeline_state import Stage, stages_of, state_of
from hsi.presentation import is_working, map_rows
from hsi.services.start_pipeline import estimate

Text = str | Promise
TITLES: dict[str, tuple[Text, Text]] = {
    "tokenizer": (_("Tokenizer"), _("Two codebooks learn the spectra and their surroundings.")),
    "pretrain": (_("Pre-training"), _("An encoder learns to predict hidden tokens from what lies around them.")),
    "anomaly": (_("Detector"), _("The heads are fitted to the scenes, without labels.")),
    "maps": (_("Maps"), _("Every target scene gets a score for each pixel.")),
}
PRESETS: dict[str, tuple[Text, Text]] = {
    "cpu": (_("CPU, minutes"), _("The recommended setting: a token pair for every pixel, a small network.")),
    "gpu": (_("GPU, larger"), _("A larger network that is trained for longer.")),
    "specification": (
        _("As specified"), _("Patches of 11 pixels and a full BERT, to the letter. Needs a GPU and patience."),
    ),
}  # fmt: skip
DEFAULT_PRESET = "cpu"
#: What a stage or a chain looks like: tone, icon, word.
LOOKS: dict[str, tuple[str, str, Text]] = {
    "waiting": ("neutral", "clock", _("Waiting")), "running": ("running", "turning", _("At work")),
    "paused": ("warning", "pause", _("Paused")), "stopped": ("neutral", "stop", _("Stopped")),
    "failed": ("failed", "error", _("Failed")), "completed": ("ok", "check-circle", _("Done")),
    "skipped": ("neutral", "check", _("Taken from weights")),
}  # fmt: skip
PAUSE = {"key": "pause", "title": _("Pause"), "icon": "pause"}
STOP = {"key": "stop", "title": _("Stop"), "icon": "stop", "danger": True}
RESUME = {"key": "resume", "title": _("Resume"), "icon": "play", "main": True}
RETRY = {"key": "retry", "title": _("Try again"), "icon": "retry", "main": True}
ACTIONS = {"running": [PAUSE, STOP], "paused": [RESUME, STOP], "stopped": [RESUME], "failed": [RETRY]}
SHOWN_PICTURES = 4
SHOWN_NUMBERS = 6


def preset_cards(scenes: list[Scene]) -> list[dict[str, Any]]:
    """The presets, each with the time it takes for all of these scenes."""
    return [
        {"key": key, "title": title, "summary": summary, "seconds": _seconds(key, scenes)}
        for key, (title, summary) in PRESETS.items()
    ]


def estimate_view(given: Any, scenes: list[Scene]) -> dict[str, Any]:
    """How long the chosen chain will take, by stage."""
    preset = given.get("preset", DEFAULT_PRESET)
    learn, targets = ({*ids_of(given.getlist(name))} for name in ("scene", "target"))
    chosen = [scene for scene in scenes if scene.id in learn] if given else scenes
    mapped = [scene for scene in scenes if scene.id in targets] if given else scenes
    if not chosen:
        return {"stages": [], "seconds": None}
    given_already = {"tokenizer"} if given.get("tokenizer") else set()
    given_already |= {"tokenizer", "pretrain"} if given.get("encoder") else set()
    rows = [
        row | {"title": TITLES[row["stage"]][0]}
        for row in estimate(preset if preset in PRESETS else DEFAULT_PRESET, chosen, mapped, {})
        if row["stage"] not in given_already
    ]
    return {
        "stages": rows, "seconds": sum(row["seconds"] for row in rows), "learn": len(chosen),
        "targets": len(mapped) or len(chosen),
    }  # fmt: skip


def pipeline_row(pipeline: Pipeline) -> dict[str, Any]:
    """A chain with its state as a whole and what can be asked of it."""
    state = state_of(pipeline)
    here = next((stage for stage in stages_of(pipeline) if stage.state not in ("completed", "skipped")), None)
    key = here.key if here is not None else STAGES[-1]
    return {
        "pipeline": pipeline, "state": state, "look": LOOKS[state], "stage_title": TITLES[key][0],
        "preset_title": PRESETS.get(pipeline.preset, (pipeline.preset, ""))[0],
        "step": STAGES.index(key) + 1, "steps": len(STAGES), "run": here.run if here is not None else None,
        "actions": ACTIONS.get(state, []), "is_live": state == "running",
    }  # fmt: skip


def stage_views(pipeline: Pipeline) -> list[dict[str, Any]]:
    """The stages in order with what each has to show."""
    return [_stage_view(place + 1, stage) for place, stage in enumerate(stages_of(pipeline))]


def _stage_view(number: int, stage: Stage) -> dict[str, Any]:
    title, summary = TITLES[stage.key]
    return {
        "key": stage.key, "number": number, "title": title, "summary": summary, "state": stage.state,
        "look": LOOKS[stage.state], "run": stage.run, "weight": stage.weight, "maps": map_rows(stage.maps),
        "is_live": is_working(stage.run), "pictures": _pictures(stage.run), "numbers": _numbers(stage.run),
    }  # fmt: skip


def _seconds(preset: str, scenes: list[Scene]) -> float | None:
    return sum(row["seconds"] for row in estimate(preset, scenes, scenes, {})) if scenes else None


def _pictures(run: Run | None) -> list[dict[str, Any]]:
    """Pictures that the stage drew: reconstructions beside what went in."""
    if run is None:
        return []
    found = run.artifacts.filter(media_type="image/png").order_by("-name")[:SHOWN_PICTURES]
    start = f"/api/v1/training/{run.id}/artifacts"
    return [{"name": one.name.rpartition("/")[2], "url": f"{start}/{one.id}/download"} for one in found]


def _numbers(run: Run | None) -> list[tuple[str, Any]]:
    """The few numbers that a stage ended with."""
    metrics = ((run.result or {}).get("metrics") or {}) if run is not None else {}
    return [(name, value) for name, value in metrics.items() if isinstance(value, int | float)][:SHOWN_NUMBERS]
