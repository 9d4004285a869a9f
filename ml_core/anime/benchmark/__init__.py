"""``anime.benchmark``: what recognisers, students, new characters and texts are worth, over several seeds."""
