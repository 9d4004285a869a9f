"""Real Chromium: wrong labels are looked for from the health page, and suggestions are taken over on the image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cvstudio.accounts.models import User
from cvstudio.datasets.models import Dataset
from cvstudio.datasets.tests.carry_out import carry_out_all, newest, ready_dataset
from ml_core.data.digits import write_digits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


@pytest.fixture
def digits(alice: User, tmp_path: Path, settings: Any) -> Dataset:
    """Digits, of which three ones lie among the zeros."""
    settings.DATASET_ROOTS = [tmp_path]
    write_digits(tmp_path / "digits", per_class=30)
    for number, file in enumerate(sorted((tmp_path / "digits").rglob("1/*.png"))[:3]):
        file.rename(file.parent.parent / "0" / f"one{number}.png")
    return ready_dataset(alice, tmp_path / "digits")


@pytest.mark.slow
def test_a_suggestion_is_taken_over(alice: User, open_page: OpenPage, digits: Dataset) -> None:
    page = open_page(alice, f"/datasets/{digits.id}/health")
    expect(page.locator("#folds-field")).to_be_hidden()
    page.get_by_role("button", name="Look for wrong labels").click()
    expect(page.get_by_role("heading", name="Looking for wrong labels")).to_be_visible()
    carry_out_all()
    expect(page.locator("#doubts")).to_contain_text("The labels of 300 images were judged.")  # the page follows
    finding = page.locator("#likely_wrong_classes")
    expect(finding).to_contain_text("Put images into the class that is suggested")
    finding.locator(".thumb").first.click()
    page.wait_for_url("**/images/**")  # scripts are at work once a page has loaded
    expect(page.locator("#image-label option:checked")).to_have_text("0")
    take = page.locator("[data-suggestion]")
    expect(take).to_have_count(1)
    take.click()
    expect(page.locator("#image-label option:checked")).to_have_text("1")
    expect(page.locator("#save-bar")).to_contain_text("1 change in 1 image")
    page.click("#save-bar [data-save]")
    expect(page.locator("#save-bar [data-words]")).to_contain_text("Version 2")
    carry_out_all()
    assert newest(digits).revision["changes"] == {"image_class": 1}
    narrow = open_page(alice, f"/datasets/{digits.id}/health?version=1", width=390)
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")
