"""Whether the formats of an export answer the same, in the language of the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def export_verdict(result: Mapping[str, Any]) -> str:
    """A sentence for each format.

    Args:
        result: Of the run; ``formats`` holds what its parity.json says of each. Empty where it does not tell.
    """
    return " ".join(_sentence(name, facts) for name, facts in (result.get("formats") or {}).items())


def _sentence(name: str, facts: Mapping[str, Any]) -> str:
    if "error" in facts:
        return f"{name}: {facts['error']['message']}"
    if facts["is_proved"]:
        text = _(
            "%(name)s answers the same: on %(n)s images %(agreement)s; %(after)s ms an image against %(before)s ms."
        )
    else:
        text = _("%(name)s does NOT answer the same: on %(n)s images %(agreement)s; %(after)s ms an image against "
                 "%(before)s ms.")  # fmt: skip
    return text % {
        "name": name, "n": f"{facts['images']:,}", "agreement": _agreement(facts),
        "after": f"{facts['ms_an_image']:.1f}", "before": f"{facts['ms_an_image_before']:.1f}",
    }  # fmt: skip


def _agreement(facts: Mapping[str, Any]) -> str:
    difference = f"{facts['largest_difference']:.1e}"
    if "boxes" in facts:
        text = _("%(matched)s of %(boxes)s boxes are found again and %(added)s are added, edges differ by at most "
                 "%(shift)s pixels and probabilities by %(difference)s")  # fmt: skip
        numbers = {key: f"{facts[key]:,}" for key in ("matched", "boxes", "added")}
        return text % {**numbers, "shift": f"{facts['largest_shift']:.1e}", "difference": difference}
    text = _("classes agree in %(share)s, probabilities differ by at most %(difference)s")
    return text % {"share": f"{facts['same_class']:.2%}", "difference": difference}
