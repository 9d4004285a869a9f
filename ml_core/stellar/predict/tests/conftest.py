from __future__ import annotations

from ml_core.stellar.training.tests.conftest import one_thread, survey, trained

__all__ = ["one_thread", "survey", "trained"]
