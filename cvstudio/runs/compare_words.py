"""Says in sentences how runs differ from the first one, and whether a better result means anything.

Runs that differ in nothing but the seed are one group. How far the members of a group lie apart is the only measure of
chance there is: a difference between groups that is not larger is not called a gain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cvstudio.runs.compare import Difference, compare_settings
from cvstudio.runs.folders import run_folder
from cvstudio.runs.listing import metrics_of
from cvstudio.runs.models import Run

_LESS_IS_BETTER = ("loss", "error", "ece", "mae", "mse")
_SHOWN = 6
_SPREADS = 2.0  # a difference of means this many standard errors wide is seldom chance
_SEED = "seed"
_TOLD_ELSEWHERE = (_SEED, "data set", "data.version", "data.root", "architecture")


@dataclass(frozen=True)
class Comparison:
    """One group of runs against the first.

    Attributes:
        names: Names of its runs.
        causes: What is different: settings, data, network, environment.
        effects: What came of it, one sentence a metric.
    """

    names: list[str]
    causes: list[str]
    effects: list[str]


def compare_in_words(runs: Sequence[Run]) -> list[Comparison]:
    """Sentences about every group of runs but the first, in the order of the runs."""
    groups = _groups(runs)
    first, *others = groups
    return [
        Comparison([run.name for run in group], _causes(first[0], group[0]), _effects(first, group)) for group in others
    ]


def spread_in_words(runs: Sequence[Run]) -> list[str]:
    """How far runs that differ in their seed alone lie apart: what chance does by itself."""
    told = []
    for group in _groups(runs):
        if len(group) < 2:
            continue
        for name, values in _shared_metrics([group]).items():
            facts = {
                "name": name,
                "n": len(group),
                "mean": _number(mean(values[0])),
                "spread": _number(stdev(values[0])),
            }
            told.append(_("%(name)s over %(n)s seeds: %(mean)s ± %(spread)s.") % facts)
    return told


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    groups: list[list[Run]] = []
    for run in runs:
        for group in groups:
            if not [row for row in _differing(group[0], run) if row.key != _SEED]:
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def _differing(one: Run, other: Run) -> list[Difference]:
    return [row for row in compare_settings([one, other]) if row.differs]


def _causes(before: Run, after: Run) -> list[str]:
    rows = _differing(before, after)
    settings = [row for row in rows if row.key not in _TOLD_ELSEWHERE]
    told = [
        _("%(setting)s: %(before)s → %(after)s.")
        % {"setting": row.key, "before": row.values[0], "after": row.values[1]}
        for row in settings[:_SHOWN]
    ]
    left = len(settings[_SHOWN:])
    if left:
        told.append(ngettext("%(n)s more setting.", "%(n)s more settings.", left) % {"n": left})
    told += _data(before, after) + _network(before, after) + _environment(before, after)
    return told or [_("Nothing but the seed.")]


def _data(before: Run, after: Run) -> list[str]:
    old, new = before.dataset_version, after.dataset_version
    if old == new or old is None or new is None:
        return []
    if old.dataset_id != new.dataset_id:
        return [_("Other data: %(before)s → %(after)s.") % {"before": old, "after": new}]
    gained, lost = _images_by_class(new, old), _images_by_class(old, new)
    parts = [
        _("%(n)s images added%(classes)s") % {"n": sum(gained.values()), "classes": _listed(gained)} if gained else "",
        _("%(n)s images removed%(classes)s") % {"n": sum(lost.values()), "classes": _listed(lost)} if lost else "",
    ]
    told = ", ".join(part for part in parts if part) or _("the same images with other labels or splits")
    return [_("Data: %(before)s → %(after)s: %(told)s.") % {"before": old, "after": new, "told": told}]


def _images_by_class(version: Any, other: Any) -> dict[str, int]:
    """Images whose content is in ``version`` and not in ``other``, by class, most first."""
    only = version.images.exclude(sha256__in=other.images.values("sha256"))
    rows = only.order_by().values("label").annotate(n=Count("id"))
    names = dict(enumerate(version.classes))
    found = {str(names.get(row["label"], _("no class"))): row["n"] for row in rows}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _listed(counts: dict[str, int]) -> str:
    shown = ", ".join(f"{n} “{name}”" for name, n in list(counts.items())[:3])
    return f" ({shown}{', …' if len(counts) > 3 else ''})" if shown else ""


def _network(before: Run, after: Run) -> list[str]:
    old, new = before.architecture_version, after.architecture_version
    if old == new or old is None or new is None:
        return []
    was, now = ({node["id"]: node for node in version.document.get("nodes", [])} for version in (old, new))
    parts = [_("%(node)s added") % {"node": name} for name in now if name not in was]
    parts += [_("%(node)s removed") % {"node": name} for name in was if name not in now]
    parts += [part for name in was if name in now for part in _changed(name, was[name], now[name])]
    told = ", ".join(parts[:_SHOWN]) + (", …" if len(parts) > _SHOWN else "")
    if old.architecture_id != new.architecture_id and len(parts) > len(was):
        told = ""  # two networks that have little in common are not compared node by node
    names = {"before": old, "after": new}
    return [_("Network: %(before)s → %(after)s") % names + (f": {told}." if told else ".")]


def _changed(name: str, was: dict[str, Any], now: dict[str, Any]) -> Iterable[str]:
    if was["op"] != now["op"]:
        return [f"{name} {was['op']} → {now['op']}"]
    old, new = was.get("params", {}), now.get("params", {})
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return [f"{name} {key} {json.dumps(old.get(key))} → {json.dumps(new.get(key))}" for key in keys]


def _environment(before: Run, after: Run) -> list[str]:
    was, now = _versions(before), _versions(after)
    changed = [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)] if was and now else []
    if not changed:
        return []
    told = ", ".join(f"{name} {was.get(name, '–')} → {now.get(name, '–')}" for name in changed)
    return [_("Environment: %(told)s.") % {"told": told}]


def _versions(run: Run) -> dict[str, str]:
    """What the run was sealed with; nothing where its folder is gone."""
    try:
        record = json.loads((run_folder(run.id) / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    versions = record.get("versions") if isinstance(record, dict) else None
    return versions if isinstance(versions, dict) else {}


def _effects(first: list[Run], group: list[Run]) -> list[str]:
    told = []
    for name, (before, after) in _shared_metrics([first, group]).items():
        change = mean(after) - mean(before)
        better = (change < 0) == any(word in name.lower() for word in _LESS_IS_BETTER)
        facts = {"name": name, "before": _number(mean(before)), "after": _number(mean(after)), "by": _signed(change)}
        told.append(_judged(change, better, before, after) % facts)
    return told


def _judged(change: float, better: bool, before: list[float], after: list[float]) -> str:
    if change == 0:
        return _("%(name)s: %(before)s, the same.")
    error = _standard_error(before, after)
    if error is None:
        text = _("%(name)s: %(before)s → %(after)s (%(by)s), one seed each: that may be chance.")
    elif abs(change) <= _SPREADS * error:
        text = _("%(name)s: %(before)s → %(after)s (%(by)s), inside the spread of the seeds: no difference is shown.")
    elif better:
        text = _("%(name)s: %(before)s → %(after)s (%(by)s), better by more than the spread of the seeds.")
    else:
        text = _("%(name)s: %(before)s → %(after)s (%(by)s), worse by more than the spread of the seeds.")
    return text


def _standard_error(before: list[float], after: list[float]) -> float | None:
    """Of the difference of two means (Welch); a group of one borrows the spread of the other, two of one have none."""
    spreads = [stdev(values) for values in (before, after) if len(values) > 1]
    if not spreads:
        return None
    of = [stdev(values) if len(values) > 1 else max(spreads) for values in (before, after)]
    return float((of[0] ** 2 / len(before) + of[1] ** 2 / len(after)) ** 0.5)


def _shared_metrics(groups: list[list[Run]]) -> dict[str, list[list[float]]]:
    """Validation metrics that every run has, as values by group."""
    tables = [[metrics_of(run) for run in group] for group in groups]
    everyone = [table for group in tables for table in group]
    names = [name for name in everyone[0] if name.startswith(("val/", "test/")) and all(name in t for t in everyone)]
    return {name: [[float(table[name]) for table in group] for group in tables] for name in names}


def _number(value: float) -> str:
    return f"{value:.4g}"


def _signed(value: float) -> str:
    return f"{value:+.3g}"
