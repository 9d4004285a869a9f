"""How maps of classes are judged, in the pixels of the images, pooled over all of them."""
