"""The words of recipes that forms show, for the translation files: no source calls gettext on them."""

from __future__ import annotations

from collections.abc import Iterator

from cvstudio.common.schema_form.build import build_form
from ml_core.run.registry import all_recipes


def recipe_words() -> Iterator[tuple[str, str]]:
    """Yield each text with the recipe that it comes from: titles, headings, labels, explanations, units."""
    for recipe in all_recipes():
        if not recipe.function.__module__.endswith(".recipes"):
            continue  # made up by a test
        texts = [recipe.title, recipe.summary]
        for field in build_form(recipe.config.model_json_schema(), translate=str).fields:
            texts += [field.group, field.label, field.help, field.unit, field.placeholder]
        yield from ((text, recipe.name) for text in texts if any(letter.isalpha() for letter in text))
