"""Anime characters: collections of pictures, recognition, learning of new characters."""
