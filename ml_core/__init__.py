"""PyTorch and numerics of CV Studio. Knows no Django: usable from a notebook, the command line and a worker alike."""
