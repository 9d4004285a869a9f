"""Pictures of stars: cut-outs with coordinates, composites of i, r and g, and what is wrong with them."""
