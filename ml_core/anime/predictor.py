"""The predictors of anime characters: the inference worker imports this module to learn of them."""

from __future__ import annotations

from ml_core.anime.predict.answering import CharacterPredictor

__all__ = ["CharacterPredictor"]
