"""Boxes, polygons and masks of a data set version: one compact table, written once, mapped into memory by readers."""
