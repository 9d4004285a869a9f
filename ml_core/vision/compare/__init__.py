"""Two weights on the same images: who is right where, and whether the difference is more than chance."""
