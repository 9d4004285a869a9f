"""A small recipe that lives only in these tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from ml_core.run import registry
from ml_core.run.config import RecipeConfig, option
from ml_core.run.context import RunContext


class FitPart(BaseModel):
    model_config = {"extra": "forbid"}

    epochs: int = option(3, description="Epochs.", ge=1, le=10)
    schedule: Literal["constant", "cosine"] = option("constant", description="Schedule.")
    threads: int = option(1, description="Threads.", ge=1, may_change=True)


class SampleConfig(RecipeConfig):
    seed: int = option(0, description="Seed.", ge=0)
    name: str = option("sample", description="Name.")
    fail: bool = option(False, description="Whether to fail.")
    fit: FitPart = FitPart()


def count(config: SampleConfig, run: RunContext) -> dict[str, Any]:
    for step in range(config.fit.epochs):
        run.raise_if_requested()
        run.metric({"loss": 1.0 / (step + 1)}, step, 0)
        run.log(f"step {step}", step=step)
    if config.fail:
        raise ValueError("secret /path")
    path = run.artifact_path("facts.txt")
    path.write_text("done")
    run.artifact(path)
    return {"metrics": {"epochs": config.fit.epochs}}


@pytest.fixture
def sample_recipe() -> Iterator[str]:
    registry.discover()
    registry.recipe("sample.count", SampleConfig, title="Count", summary="Counts.", queue="io")(count)
    yield "sample.count"
    del registry._recipes["sample.count"]
