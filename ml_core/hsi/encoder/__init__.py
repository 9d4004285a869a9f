"""Stage 2: a masked language model of tokens and their surroundings."""

from ml_core.hsi.encoder.bert import HSIEncoderBERT
from ml_core.hsi.encoder.bert_source import PRESETS, BertSize, BertUnavailableError
from ml_core.hsi.encoder.universal import UniversalHSIModel, load_stage12

__all__ = ["PRESETS", "BertSize", "BertUnavailableError", "HSIEncoderBERT", "UniversalHSIModel", "load_stage12"]
