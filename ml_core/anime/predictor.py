"""The predictors of anime characters: the inference worker imports this module to learn of them."""

from __future__ import annotations

from ml_core.anime.fusion.answering import FusionPredictor
from ml_core.anime.generate.serving import GeneratorPredictor
from ml_core.anime.predict.answering import CharacterPredictor
from ml_core.anime.search.answering import SearchPredictor

__all__ = ["CharacterPredictor", "FusionPredictor", "GeneratorPredictor", "SearchPredictor"]
