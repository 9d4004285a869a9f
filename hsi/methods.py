"""The ways to find anomalies that there are: classic methods, and the heads of a trained detector."""

from __future__ import annotations

from typing import Any

from ml_core.hsi.classic import CLASSIC

_HEADS = {
    "combined": ("combined", "All heads of a trained detector together."),
    "training_free": ("training_free", "The part of the combination that needs no training."),
    "lm_nll": ("head", "How unlikely a pixel is to the encoder, given what lies around it."),
    "token_nll": ("head", "The same by hard tokens, as the specification has it; to look at, not in the combination."),
    "recon": ("head", "How badly a pixel is rebuilt."),
    "one_class": ("head", "How far a pixel lies from the one class of background."),
}


def known_methods() -> list[dict[str, Any]]:
    """Name, title, kind, summary and the JSON schema of the parameters."""
    from ml_core.hsi.infer import title_of  # scipy: not when the web process starts

    classic = [
        {"name": key, "title": method.title, "kind": "classic", "summary": method.summary,
         "schema": method.parameters.model_json_schema()}
        for key, method in CLASSIC.items()
    ]  # fmt: skip
    heads = [
        {"name": name, "title": title_of(name), "kind": kind, "summary": summary, "schema": {}}
        for name, (kind, summary) in _HEADS.items()
    ]
    return classic + heads
