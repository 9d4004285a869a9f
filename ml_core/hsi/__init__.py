"""Hyperspectral anomaly detection: scenes, tokenizer, encoder, heads, classic detectors.

``recipes``, ``scene`` and ``formats`` are free of torch.
"""
