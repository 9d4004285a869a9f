"""Layouts of data sets found in the wild. One file a format; each registers itself, see `base`."""
