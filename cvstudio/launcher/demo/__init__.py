"""The demonstration: real handwritten digits, from pictures to predictions, as a client of the API."""
