"""Learning new characters without training everything again."""
