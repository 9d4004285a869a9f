"""What the checks before a training found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["ok", "yellow", "red"]


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        code: Stable name, such as ``preflight.class_count``.
        level: ``red`` blocks; ``yellow`` asks; ``ok`` informs.
        message: A sentence that says what was found.
        hint: A sentence that names the cure.
        where: A node, a key, a class.
        facts: Numbers behind it.
    """

    code: str
    level: Level
    message: str
    hint: str = ""
    where: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """What the training will need.

    Attributes:
        memory_bytes: At its peak, on the device where it computes; ``None`` when nothing tells.
        available_bytes: What is free there now.
        disk_bytes: Checkpoints and the weight; ``None`` when nothing tells.
        free_disk_bytes: What is free where runs are kept.
        seconds: The whole training; ``None`` when nothing was measured.
        step_s: One batch.
        device: ``cpu``, ``cuda`` or ``mps``; empty when nothing was measured.
        is_measured: Whether a probe has run; otherwise the memory follows from the graph alone.
    """

    memory_bytes: int | None
    available_bytes: int
    disk_bytes: int | None
    free_disk_bytes: int
    seconds: float | None = None
    step_s: float | None = None
    device: str = ""
    is_measured: bool = False


@dataclass(frozen=True)
class Report:
    """All findings about one training."""

    checks: list[Check]
    estimate: Estimate | None = None

    @property
    def blocking(self) -> list[Check]:
        """Findings that keep the training from starting."""
        return [check for check in self.checks if check.level == "red"]

    @property
    def asking(self) -> list[Check]:
        """Findings that the user must have seen."""
        return [check for check in self.checks if check.level == "yellow"]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, as the API gives it and the run keeps it."""
        return {
            "checks": [asdict(check) for check in self.checks],
            "blocked": bool(self.blocking),
            "asks": sorted({check.code for check in self.asking}),
            "estimate": asdict(self.estimate) if self.estimate else None,
        }
