"""What an import is asked to do, and what it tells while it works."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ml_core.data.archive import ArchiveLimits


@dataclass(frozen=True)
class ImportOrder:
    """What to import and how.

    Attributes:
        source: A folder of images, or a zip archive; None where a sample is made.
        images: Where an archive is unpacked; kept when it exists already. Unused for a folder.
        version: The version folder to make.
        sample: ``digits`` writes scikit-learn's digits to ``images`` and imports them.
        format: Name of a format that a person chose; empty to recognise it.
        task: ``classify``: one class an image. ``detect``: boxes, polygons or masks. ``auto``: what fits best.
        labels: A folder or file of labels that a person chose, where a data set has several.
        use_given_splits: Whether folders called train, val, test decide; else all images are dealt anew.
        seed: Decides the splits that are not given.
        val: Share of validation images where they are dealt.
        test: Share of test images where they are dealt.
        accept_rejects: Go on however many files cannot be used.
        max_reject_share: Above this share of unusable images a person must agree.
        workers: Threads for the scan; 0 chooses.
        limits: Bounds for an archive.
    """

    source: Path | None
    images: Path
    version: Path
    sample: str = ""
    format: str = ""
    task: Literal["classify", "detect", "auto"] = "classify"
    labels: str = ""
    use_given_splits: bool = True
    seed: int = 0
    val: float = 0.15
    test: float = 0.15
    accept_rejects: bool = False
    max_reject_share: float = 0.05
    workers: int = 0
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)


class ImportReporter(Protocol):
    """What an import tells and asks while it works; a run's context fits."""

    def log(self, message: str, level: Any = "info") -> None:
        """Write a line for people."""

    def progress(self, done: float, total: float | None, unit: str = "items", stage: str = "") -> None:
        """Report a position."""

    def raise_if_requested(self) -> None:
        """Raise when the user asked to end."""
