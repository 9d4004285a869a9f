"""The page "New training": the form reads back what it shows, checks block and ask, faults stand beside fields."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from cvstudio.datasets.models import AugmentationConfig
from cvstudio.runs.models import Run
from cvstudio.training.tests.makers import make_architecture

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def filled(page: Client, squares: Any, plain: Any, query: str = "", **changes: str) -> dict[str, str]:
    """What a browser would send of the form as it stands, with changes."""
    text = page.get(f"/runs/new{query}").content.decode()
    values = {}
    for name, value in re.findall(r'<input[^>]*? name="(config\.[^"]+)"[^>]*? value="([^"]*)"', text):
        values[name] = html.unescape(value)
    for name, inner in re.findall(r'<select[^>]*? name="(config\.[^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        values[name] = html.unescape(chosen[1]) if chosen else ""
    for name, inner in re.findall(r'<textarea[^>]*? name="(config\.[^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL):
        values[name] = html.unescape(inner)
    return {"dataset_version": str(squares.id), "architecture_version": str(plain.id), **values, **changes}


def test_the_form_as_it_stands_starts_a_training(page, squares, plain):
    sent = filled(page, squares, plain, name="first")
    assert page.post("/runs/new/check", sent).context["report"].blocking == []
    asks = page.post("/runs/new/check", sent).context["report"].as_dict()["asks"]
    answer = page.post("/runs/new", {**sent, "acknowledge": asks})
    run = Run.objects.get()
    assert answer.headers["Location"] == f"/runs/{run.id}"
    assert (run.name, run.config["fit"]["epochs"], run.config["augment"]) == ("first", 3, [])


def test_a_value_out_of_bounds_is_named_beside_its_field_and_nothing_starts(page, squares, plain):
    sent = filled(page, squares, plain, **{"config.fit.epochs": "0", "config.fit.learning_rate": "much"})
    answer = page.post("/runs/new", sent)
    assert answer.status_code == 422
    faults = {field.key: field.fault for field in answer.context["form"].fields if field.fault}
    assert set(faults) == {"fit.epochs", "fit.learning_rate"}
    assert "at least 1" in faults["fit.epochs"]
    assert not Run.objects.exists()


def test_what_was_typed_is_there_again_after_a_fault(page, squares, plain):
    sent = filled(page, squares, plain, name="keep me", **{"config.fit.epochs": "0", "config.fit.batch_size": "7"})
    body = page.post("/runs/new", sent).content.decode()
    assert 'value="keep me"' in body
    assert 'name="config.fit.batch_size" value="7"' in body


def test_a_network_for_other_classes_blocks_with_the_cure(page, alice, squares):
    other = make_architecture(alice, classes=99)
    answer = page.post("/runs/new/check", filled(page, squares, other))
    assert "preflight.class_count" in [check.code for check in answer.context["report"].blocking]
    assert re.search(r"data-start disabled", answer.content.decode())
    assert page.post("/runs/new", filled(page, squares, other)).status_code == 422
    assert not Run.objects.exists()


def test_data_of_others_cannot_be_chosen(bob, page, squares, plain):
    stranger = Client()
    stranger.force_login(bob)
    assert str(squares.id) not in stranger.get("/runs/new").content.decode()
    answer = stranger.post("/runs/new", filled(page, squares, plain))
    assert answer.status_code == 422
    assert answer.context["fault"]["code"] == "not_found"


def test_a_clone_begins_with_the_settings_of_its_parent(page, squares, plain):
    sent = filled(page, squares, plain, **{"config.fit.epochs": "4", "config.fit.clip_norm": "1.5"})
    asks = page.post("/runs/new/check", sent).context["report"].as_dict()["asks"]
    page.post("/runs/new", {**sent, "acknowledge": asks})
    parent = Run.objects.get()
    again = filled(page, squares, plain, query=f"?clone={parent.id}")
    assert (again["config.fit.epochs"], again["config.fit.clip_norm"]) == ("4", "1.5")
    assert filled(page, squares, plain, query=f"?clone={parent.id}&settings={'[' * 3000}") == again
    page.post("/runs/new", {**again, "parent": str(parent.id), "acknowledge": asks})
    assert Run.objects.filter(parent=parent).count() == 1


def test_broken_json_of_the_augmentation_is_a_fault_beside_it(page, squares, plain):
    answer = page.post("/runs/new", filled(page, squares, plain, **{"config.augment": "[{"}))
    assert answer.status_code == 422
    assert any(field.fault for field in answer.context["form"].fields if field.key == "augment")


def test_a_saved_augmentation_is_chosen_by_the_address(page, alice, bob, squares):
    operations = [{"op": "RandomHorizontalFlip", "p": 0.25}]
    saved = AugmentationConfig.objects.create(owner=alice, name="Quarter", operations=operations)
    shown = page.get(f"/runs/new?augmentation={saved.id}")
    assert shown.context["draft"].settings["augment"] == operations
    assert f'value="{shown.context["augmentations"][-1]["text"]}" selected' in html.unescape(shown.content.decode())
    foreign = AugmentationConfig.objects.create(owner=bob, name="Foreign", operations=[])
    for wrong in (foreign.id, "magic", ""):
        assert page.get(f"/runs/new?augmentation={wrong}").context["draft"].augmentation == ""
