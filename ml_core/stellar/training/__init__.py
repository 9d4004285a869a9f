"""Training of star classifiers: the recipe ``stellar.train``."""
