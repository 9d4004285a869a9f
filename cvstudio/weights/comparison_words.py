"""Who is better of two weights and whether that may be chance, in the language of the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from ml_core.vision.compare.outcome import LIKELY_CHANCE

_EQUAL: dict[str, Promise] = {
    "images": gettext_lazy("Both are right on equally many images."),
    "objects": gettext_lazy("Both are right on equally many objects."),
}
_AHEAD: dict[tuple[str, str], Any] = {
    ("images", "first"): ngettext_lazy(
        "The first is right on %(n)s more image than the second.",
        "The first is right on %(n)s more images than the second.", "count"),
    ("images", "second"): ngettext_lazy(
        "The second is right on %(n)s more image than the first.",
        "The second is right on %(n)s more images than the first.", "count"),
    ("objects", "first"): ngettext_lazy(
        "The first is right on %(n)s more object than the second.",
        "The first is right on %(n)s more objects than the second.", "count"),
    ("objects", "second"): ngettext_lazy(
        "The second is right on %(n)s more object than the first.",
        "The second is right on %(n)s more objects than the first.", "count"),
}  # fmt: skip


def comparison_verdict(outcome: Mapping[str, Any]) -> str:
    """Two sentences.

    Args:
        outcome: ``unit``, ``table`` and ``p_value`` of ``comparison.json``.
    """
    unit, table = outcome["unit"], outcome["table"]
    ahead = table["second_only"] - table["first_only"]
    if not ahead:
        return str(_EQUAL[unit])
    better = _AHEAD[unit, "second" if ahead > 0 else "first"] % {"count": abs(ahead), "n": f"{abs(ahead):,}"}
    if outcome["p_value"] > LIKELY_CHANCE:
        chance = _("This may be chance (p = %(p)s, McNemar's test).")
    else:
        chance = _("Chance alone seldom does that (p = %(p)s, McNemar's test).")
    return f"{better} {chance % {'p': format(outcome['p_value'], '.2g')}}"


def verdict_of_result(result: Mapping[str, Any]) -> str:
    """The same from the result of the run; empty where it does not tell."""
    return comparison_verdict(result["outcome"]) if "outcome" in result else ""
