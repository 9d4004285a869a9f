"""The one fit loop that every domain trains with: exact resume, precision, schedules, checkpoints, early stopping."""
