"""Finding images of a collection by an image or by words."""
