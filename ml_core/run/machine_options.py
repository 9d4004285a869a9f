"""Settings that say where and how a run computes, the same in every recipe that has them."""

from __future__ import annotations

from typing import Any

from ml_core.run.config import option

MACHINE = "Machine"


def seed_option(default: int = 0, *, group: str = MACHINE) -> Any:
    """The seed that a run draws everything from."""
    return option(
        default, description="Every random draw follows from it.", group=group, ge=0, le=2**53 - 1, advanced=True
    )


def device_option(*, advanced: bool = True) -> Any:
    """Where to compute; a resumed run may go on elsewhere."""
    return option(
        "auto",
        description="Where to compute: auto, cpu, cuda, cuda:1, mps.",
        group=MACHINE,
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        advanced=advanced,
        may_change=True,
    )


def threads_option() -> Any:
    """How many CPU threads; None is one for each physical core."""
    return option(
        None,
        description="CPU threads. Empty means one for each physical core.",
        group=MACHINE,
        ge=1,
        le=1024,
        advanced=True,
        may_change=True,
    )


def checkpoint_every_option(*, group: str = MACHINE, advanced: bool = True) -> Any:
    """Seconds between two checkpoints."""
    return option(
        60.0,
        description="Longest time between two checkpoints. What a crash can cost.",
        group=group,
        unit="s",
        gt=0,
        advanced=advanced,
        may_change=True,
    )
