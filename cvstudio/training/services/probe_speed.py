"""Has a few steps of a planned training measured by a process that has torch."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from typing import Any

from celery.exceptions import TimeoutError as ResultTimeoutError
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError

from cvstudio.runs.supervisor.environment import trainer_environment
from cvstudio.training.plan import Plan

logger = logging.getLogger(__name__)

WAIT_S = 30.0
LIMIT_S = 60.0
_KEEP_S = 3600
#: Settings of their own place in the key, or on which no time depends.
_COST_NOTHING = ("data", "graph", "fit", "seed", "initial_weights")
_OUTPUT_BYTES = 100_000


def probe_speed(plan: Plan, *, measure: bool) -> dict[str, Any]:
    """What a probe found for this plan, within the last hour.

    Args:
        plan: The training.
        measure: Have it measured when that has not been done yet, which takes some seconds.

    Returns:
        The measurement (see ``ml_core.vision.probe``), ``{"error": {...}}``, or nothing when none was made in time.
    """
    key = _key(plan)
    known: dict[str, Any] | None = cache.get(key)
    if known is not None or not measure:
        return known or {}
    found = _ask_worker(plan)
    if found:
        cache.set(key, found, _KEEP_S)
    return found


def _ask_worker(plan: Plan) -> dict[str, Any]:
    from cvstudio.training.tasks import probe

    try:
        waiting = probe.apply_async([plan.recipe, plan.config()], queue="infer", retry=False, expires=WAIT_S)
        found: dict[str, Any] = waiting.get(timeout=WAIT_S, interval=0.2)
        waiting.forget()
    except (ResultTimeoutError, OperationalError, OSError) as error:
        logger.info("nothing was measured: %s", error or type(error).__name__)
        return {}
    return found


def run_probe(recipe: str, config: dict[str, Any]) -> dict[str, Any]:
    """Run the probe program. Called by a worker, never by the web process.

    Args:
        recipe: What is to train.
        config: Its configuration.

    Returns:
        Its answer; ``{"error": {...}}`` when it died, which is an answer too.
    """
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "ml_core.vision.probe"],
            input=json.dumps({"recipe": recipe, "config": config}).encode(),
            capture_output=True,
            timeout=LIMIT_S,
            env=trainer_environment(),
            cwd=settings.TEMP_DIR,
            check=False,
        )
        answer: dict[str, Any] = json.loads(ended.stdout[:_OUTPUT_BYTES])
    except subprocess.TimeoutExpired:
        return _failure("preflight.probe_slow", f"A few steps took longer than {LIMIT_S:.0f} seconds.")
    except ValueError:
        logger.warning("the probe ended with %s: %s", ended.returncode, ended.stderr[-2000:].decode("utf-8", "replace"))
        message = "The probe was ended from outside, probably for want of memory."
        return _failure("preflight.probe_died", message if ended.returncode < 0 else "The probe failed.")
    return answer


def _failure(code: str, message: str) -> dict[str, Any]:
    hint = "Try a smaller fit.batch_size, smaller images or a smaller network."
    return {"error": {"code": code, "message": message, "hint": hint, "where": ""}}


def _key(plan: Plan) -> str:
    """Everything that the measurement depends on."""
    config = plan.config()
    fit = config["fit"]
    decisive = [
        plan.recipe,
        plan.architecture_version.fingerprint if plan.architecture_version else None,
        plan.dataset_version.fingerprint,
        [fit[name] for name in ("batch_size", "optimizer", "precision", "device", "threads")],
        {key: value for key, value in config.items() if key not in _COST_NOTHING},
    ]
    return f"probe:{hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()}"
