"""Runs: recipes, their configuration, the run directory, events, control and the command line. Never imports torch."""
