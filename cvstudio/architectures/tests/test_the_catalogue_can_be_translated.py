"""The words of `ml_core` reach the translators, and the reader."""

from __future__ import annotations

from unittest.mock import patch

from cvstudio.architectures import catalogue
from cvstudio.architectures.catalogue_words import SENTENCES, TITLES


def test_the_list_for_translators_is_the_catalogue() -> None:
    """When this fails, an operator's text has changed: bring `catalogue_words.py` up to date."""
    assert sorted(set(catalogue.catalogue_titles())) == sorted(map(str, TITLES))
    assert sorted(set(catalogue.catalogue_sentences())) == sorted(SENTENCES)


def test_titles_and_helps_are_translated_and_names_are_not() -> None:
    marked = {"gettext": lambda text: f"<{text}>", "pgettext": lambda context, text: f"<{text}>"}
    with patch.multiple(catalogue, **marked):
        entry = next(entry for entry in catalogue.translated_operators() if entry["name"] == "Conv2d")
        template = catalogue.translated_templates()[0]
    assert entry["title"] == "<Convolution 2D>"
    assert entry["params"][0]["help"].startswith("<")
    assert entry["params"][0]["name"] == "out_channels"
    assert template["title"].startswith("<")
    assert not template["document"]["name"].startswith("<")
