"""Forms of recipes: a preset fills them, and only what differs from it is told to the run."""

from __future__ import annotations

from cvstudio.common.schema_form import Preset, RecipeForm

QUICK = Preset("quick", "Quick", "", {"image_size": 64, "fit.epochs": 3})
FORM = RecipeForm("anime.classifier", (QUICK, Preset("long", "Long")), left_out=("known",), filled={"known": "-"})


def test_a_preset_fills_the_form_and_the_rest_keeps_its_default() -> None:
    shown = {field.key: field.value for field in FORM.form(None, "quick").fields}
    assert (shown["image_size"], shown["fit.epochs"], shown["validation"]) == (64, 3, 0.15)
    assert "known" not in shown


def test_only_what_differs_from_the_preset_counts_as_changed() -> None:
    sent = {"settings.image_size": "64", "settings.fit.epochs": "5", "settings.validation": "0.15"}
    assert FORM.changed(sent, "quick") == {"fit": {"epochs": 5}}
    assert FORM.changed({"preset": "quick"}, "quick") == {}


def test_what_is_wrong_stands_beside_its_field() -> None:
    form = FORM.form({"settings.image_size": "9", "settings.fit.epochs": "2"}, "quick")
    faults = {field.key: field.fault for field in form.fields if field.fault}
    assert list(faults) == ["image_size"]
    values = FORM.values({"settings.image_size": "9"}, "quick")
    assert (values["image_size"], values["fit"]["epochs"]) == (9, 3)


def test_an_unknown_preset_is_the_first_one() -> None:
    assert FORM.chosen({"preset": "long"}) == "long"
    assert FORM.chosen({"preset": "none such"}) == "quick"
