"""What the programs of every exported package share: settings, the training script, the list of packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ml_core.engine.config import FitConfig
from ml_core.graph.allowlist import check_script
from ml_core.graph.codegen import render

REQUIREMENTS = ("torch", "torchvision", "Pillow", "safetensors", "numpy")
# Settings of the fit loop that the script reads; the others concern checkpoints and the platform's log.
_FIT_KEYS = (
    "epochs", "batch_size", "learning_rate", "optimizer", "weight_decay", "momentum", "accumulate", "clip_norm",
    "ema_decay", "schedule", "warmup_steps", "final_rate", "step_epochs", "decay_factor", "plateau_patience",
    "precision", "patience", "min_delta", "max_steps", "threads",
)  # fmt: skip


def fit_settings(fit: FitConfig) -> dict[str, Any]:
    """The part of the settings that ``train.py`` reads from ``config.json``."""
    values = fit.model_dump(mode="json")
    return {key: values[key] for key in _FIT_KEYS}


def checked(script: str) -> str:
    """A script that went past the allow-list.

    Raises:
        GraphError: It holds what no such script needs.
    """
    check_script(script)
    return script


def train_script(
    kind: str, fit: FitConfig, *, mode: str, has_weights: bool, augment: str, smoothing: str = "", **parts: Any
) -> str:
    """``train.py``.

    Args:
        kind: ``classes`` or ``boxes``: what is learnt.
        fit: Its settings.
        mode: Colour space of the images.
        has_weights: Whether ``Model`` takes ``pretrained``.
        augment: Expression of the random changes of training images; empty for none.
        smoothing: Argument of the loss, where there is one.
        parts: What the template of the images needs.
    """
    text = render(
        "train.py.j2",
        boxes=kind == "boxes",
        truth="targets" if kind == "boxes" else "labels",
        listed=render(f"listed_{kind}.txt.j2").rstrip("\n"),
        images=render(f"images_{kind}.py.j2", augment=augment, **parts).rstrip("\n"),
        evaluate=render(f"evaluate_{kind}.py.j2").rstrip("\n"),
        fit=fit,
        mode=mode,
        augment=augment,
        autocast=_autocast(fit),
        smoothing=smoothing,
        monitor="loss" if fit.monitor == "loss" else "accuracy",
        has_weights=has_weights,
    )
    return checked(text)


def requirements() -> str:
    """``requirements.txt`` with the versions that are installed here."""
    return "".join(f"{_pinned(name)}\n" for name in REQUIREMENTS)


def _autocast(fit: FitConfig) -> dict[str, Any]:
    """The number format of the forward pass; no ``dtype`` for plain float32."""
    if fit.precision == "fp32":
        return {"dtype": "", "only_cuda": False}
    dtype = "float16" if fit.precision == "fp16" else "bfloat16"
    return {"dtype": dtype, "only_cuda": fit.precision == "auto"}


def _pinned(name: str) -> str:
    """The requirement with the version that is installed here, without a build tag such as ``+cpu``."""
    try:
        return f"{name}=={version(name).split('+')[0]}"
    except PackageNotFoundError:
        return name
