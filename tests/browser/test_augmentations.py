"""Real Chromium: an augmentation is put together, saved, changed, and trained with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.models import AugmentationConfig
from cvstudio.datasets.tests.carry_out import image_folder, ready_dataset

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.mark.slow
def test_a_saved_augmentation_is_changed_and_trained_with(
    alice: User, open_page: OpenPage, tmp_path: Path, settings: Any
) -> None:
    settings.DATASET_ROOTS = [tmp_path]
    dataset = ready_dataset(alice, image_folder(tmp_path / "pets", {"cats": 12, "dogs": 12}))
    page = open_page(alice, f"/datasets/{dataset.id}/augmentation")
    expect(page.locator("#train-with")).to_be_hidden()
    page.select_option("#preset", "preset:light")
    page.fill("#save [name=name]", "Mine")
    page.click("#save button")
    expect(page.locator("#train-with")).to_be_visible()
    page.select_option("#add", "RandomVerticalFlip")
    expect(page.locator("#train-with")).to_be_hidden()  # what is listed is not what is saved
    page.click("#save button")
    expect(page.locator("#train-with")).to_be_visible()
    saved = AugmentationConfig.objects.get()  # replaced under its name
    assert (saved.name, saved.operations[-1]["op"]) == ("Mine", "RandomVerticalFlip")
    page.click("#train-with")
    expect(page.locator("[data-augment] option:checked")).to_have_text("Mine")
    expect(page.locator("#dataset-version option:checked")).to_contain_text("pets")
