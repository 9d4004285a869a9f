"""The settings of each kind of training as a form, made from its recipe's schema."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anime.presets import PRESETS
from cvstudio.common.schema_form import RecipeForm

RECIPES: Final = {
    "recogniser": "anime.classifier",
    "student": "anime.distill",
    "words": "anime.fusion",
    "generator": "anime.generator",
}
#: What each is called, and what for.
KINDS: Final[dict[str, tuple[str | Promise, str | Promise]]] = {
    "recogniser": (_("Recogniser"), _("Says who it is, how sure that is, and whether it is nobody known.")),
    "student": (_("Small recogniser"), _("Learns from a recogniser, is faster, and is compared with learning alone.")),
    "words": (
        _("Recogniser of image and words"),
        _("Uses what is written about an image as well, and may do without."),
    ),
    "generator": (_("Generator"), _("Draws a character, and says whether it learnt or memorised.")),
}
#: Set by the page itself, or by the server: paths must lead to what the person may see.
_LEFT_OUT: Final = (
    "preset", "known", "test", "captions", "sources", "teacher", "recogniser", "target_class", "text_model",
    "classifier",
)  # fmt: skip
_FILLED: Final[dict[str, dict[str, Any]]] = {
    "recogniser": {"known": "-"},
    "student": {"known": "-", "teacher": "-"},
    "words": {"known": "-"},
    "generator": {"known": "-", "recogniser": "-", "target_class": "-"},
}
FORMS: Final = {
    kind: RecipeForm(recipe, PRESETS[kind], left_out=_LEFT_OUT, filled=_FILLED[kind])
    for kind, recipe in RECIPES.items()
}
