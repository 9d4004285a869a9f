"""Errors of collections and recognisers that a user may see."""

from __future__ import annotations

from ml_core.errors import CodedError


class CollectionError(CodedError):
    """A collection of pictures cannot be used. ``where`` is a path in it or a character."""

    default_code = "anime.collection"


class RecogniserError(CodedError):
    """A recogniser or its feature database cannot be used, or does not know what it is asked about."""

    default_code = "anime.recogniser"
