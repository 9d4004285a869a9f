"""What is minimised, one idea a file: logits (N, C, H, W) and classes (N, H, W) to a scalar."""
