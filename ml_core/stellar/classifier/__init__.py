"""The classifier that the product recommends."""

from ml_core.stellar.classifier.prepared import PreparedStars, prepare
from ml_core.stellar.classifier.settings import StarClassifierSettings
from ml_core.stellar.classifier.star_classifier import StarClassifier
from ml_core.stellar.models.output import StarOutput

__all__ = ["PreparedStars", "StarClassifier", "StarClassifierSettings", "StarOutput", "prepare"]
