"""A recipe's schema becomes a form, and the form's text becomes the same values again."""

from __future__ import annotations

from typing import Literal

import pytest
from django.template.loader import render_to_string
from pydantic import BaseModel, Field

from cvstudio.common.schema_form import Preset, build_form


class _Fit(BaseModel):
    epochs: int = Field(
        10, ge=1, description="How often.", json_schema_extra={"group": "Optimisation", "unit": "epochs"}
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, json_schema_extra={"group": "Optimisation"})
    clip_norm: float | None = Field(None, gt=0, json_schema_extra={"group": "Optimisation", "advanced": True})
    schedule: Literal["constant", "cosine"] = "cosine"
    deterministic: bool = False


class _Config(BaseModel):
    name: str
    milestones: list[int] = [30, 60]
    fit: _Fit = _Fit()


@pytest.fixture
def schema() -> dict[str, object]:
    return _Config.model_json_schema()


def test_fields_keep_group_unit_bounds_default_and_help(schema):
    form = build_form(schema)
    epochs = next(item for item in form.fields if item.key == "fit.epochs")
    assert (epochs.group, epochs.unit, epochs.bounds, epochs.default, epochs.help) == (
        "Optimisation", "epochs", "≥ 1", 10, "How often.",
    )  # fmt: skip
    assert next(item for item in form.fields if item.key == "name").required


def test_what_the_form_shows_unchanged_is_read_back_as_the_defaults(schema):
    form = build_form(schema)
    posted = {item.name: item.text for item in form.fields if item.kind != "boolean" or item.value}
    posted["name"] = "first"
    assert _Config.model_validate(form.values(posted)) == _Config(name="first")


def test_typed_numbers_lists_and_nothing_get_their_types(schema):
    form = build_form(schema, prefix="config")
    values = form.values(
        {
            "config.name": "a",
            "config.milestones": "1, 2 ,3",
            "config.fit.epochs": "7",
            "config.fit.learning_rate": "3e-4",
            "config.fit.clip_norm": "",
            "config.fit.schedule": "constant",
            "config.fit.deterministic": "true",
        }
    )
    assert values == {
        "name": "a",
        "milestones": [1, 2, 3],
        "fit": {
            "epochs": 7, "learning_rate": 3e-4, "clip_norm": None, "schedule": "constant", "deterministic": True,
        },
    }  # fmt: skip


def test_text_that_is_no_number_stays_text_so_that_the_check_can_name_it(schema):
    assert build_form(schema).values({"fit.epochs": "many"})["fit"]["epochs"] == "many"


def test_a_fault_stands_beside_its_field_and_opens_the_fold_it_hides_in(schema):
    form = build_form(schema, faults={"fit.clip_norm": "must be above 0", "elsewhere": "unknown key"})
    group = next(group for group in form.groups if group.advanced)
    assert group.opens
    assert form.other_faults == ["unknown key"]
    html = render_to_string("components/schema_form.html", {"form": form})
    assert "must be above 0" in html
    assert html.count('aria-invalid="true"') == 1


def test_hostile_values_are_escaped(schema):
    html = render_to_string(
        "components/schema_form.html", {"form": build_form(schema, {"name": '"><script>x</script>'})}
    )
    assert "<script>x" not in html


def test_a_preset_gives_texts_for_the_inputs_it_knows(schema):
    form = build_form(schema, prefix="c", presets=[Preset("cpu", "CPU", values={"fit.epochs": 3, "gone": 1})])
    assert form.preset_texts() == {"cpu": {"c.fit.epochs": "3"}}


def test_keys_that_the_page_sets_itself_are_left_out(schema):
    form = build_form(schema, leave_out=["name", "fit"])
    assert [item.key for item in form.fields] == ["milestones"]
