"""Weights for other programs: ONNX and torch.export, each with the proof that it answers the same."""
