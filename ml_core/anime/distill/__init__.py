"""A small network that learns from a recogniser, and beside it the same network that learns alone."""
