"""Semantic segmentation: what each pixel shows, learnt from polygons and masks."""
