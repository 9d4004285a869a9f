"""A collection of our own to begin with: drawn characters in three styles."""
