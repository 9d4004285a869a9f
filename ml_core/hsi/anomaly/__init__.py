"""Stage 3: what does not belong where it is."""
