"""Spectra of stars: reading, the common grid of 3,522 points, signal to noise, lines and bands."""
