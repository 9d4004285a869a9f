"""Finding what the sources say, for the translation files. Used in development only."""
