"""Layouts whose labels lie in files of their own: boxes, polygons and masks. One format a module, see `base`."""
