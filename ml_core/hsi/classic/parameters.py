"""Parameters of the classic detectors. The defaults are one setting for all scenes; nothing is tuned to a scene."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from ml_core.run.config import RecipeConfig, option


class GlobalRXParameters(RecipeConfig):
    """Global RX has nothing to set."""


class DualWindowParameters(RecipeConfig):
    """A background ring between two squares about the pixel."""

    inner: int = option(7, ge=1, le=99, description="Side of the inner window, which may hold the target.", unit="px")
    outer: int = option(15, ge=3, le=199, description="Side of the outer window, which ends the background.", unit="px")

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        if self.inner % 2 == 0 or self.outer % 2 == 0:
            raise ValueError("the sides of the windows must be odd, so that they have a centre")
        if self.inner >= self.outer:
            raise ValueError("the inner window must be smaller than the outer one")
        return self


class LocalRXParameters(DualWindowParameters):
    """Local RX."""

    outer: int = option(17, ge=3, le=199, description="Side of the outer window, which ends the background.", unit="px")
    components: int = option(20, ge=1, le=100, description="Principal components of the scene that are used.")


class CRDParameters(DualWindowParameters):
    """Collaborative representation."""

    ridge: float = option(1e-6, gt=0, le=1e3, description="Weight of the penalty on dissimilar background pixels.")


class IsolationForestParameters(RecipeConfig):
    """Isolation forest."""

    trees: int = option(200, ge=1, le=2000, description="Number of random trees.")
    components: int = option(10, ge=1, le=100, description="Whitened principal components of the scene that are used.")


class MorphologicalParameters(RecipeConfig):
    """Attribute and edge-preserving filters."""

    area: int = option(25, ge=1, le=10_000, description="Structures smaller than this may be anomalies.", unit="px")
    radius: int = option(2, ge=1, le=50, description="Radius of the edge-preserving filter.", unit="px")
    smoothing: float = option(
        0.01, gt=0, le=1, description="Variance, of the first component from 0 to 1, below which the filter smooths."
    )
