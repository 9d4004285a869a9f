"""Draws new images of a character, and judges what was drawn."""
