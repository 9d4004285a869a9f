"""A detector in the graph editor: named ports, boxes as the output, faults at their port, readable code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cvstudio.accounts.models import User
from ml_core.graph.detector_starters import fcos_detector
from tests.browser.conftest import OpenPage
from tests.browser.test_editor import choose, edge_shapes, node, opened, part, set_param

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PICTURES")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_detector_is_drawn_checked_and_written(open_page: OpenPage, alice: User, width: int, scheme: str) -> None:
    page, _ = opened(open_page, alice, fcos_detector(3), width=width, color_scheme=scheme)
    assert "100×6" in " ".join(edge_shapes(page)).replace(" ", "")
    assert node(page, "head").locator("[data-port]").count() >= 5
    choose(page, "head")
    if width < 600:
        page.locator('[data-sheet="panel"]').click()
    set_param(page, "classes", "7")
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"detector-{width}-{scheme}.png"))
    if width < 600:
        page.locator(".editor-panel [data-sheet-close]").click()
    page.locator("#tab-code").click()
    expect(page.locator("#tab-code")).to_have_attribute("aria-selected", "true")
    expect(page.locator("body")).to_contain_text("FCOSHead([64, 128, 192], [8, 16, 32], 7)")
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"code-{width}-{scheme}.png"))


def test_a_map_of_another_stride_is_a_fault_with_a_cure(open_page: OpenPage, alice: User) -> None:
    document = fcos_detector(3)
    for edge in document["edges"]:
        if edge["target_port"] == "map16":
            edge["source"] = "block3"
    page, _ = opened(open_page, alice, document)
    finding = part(page, "findings-panel").locator("button.finding").first
    page.locator("#tab-findings").click()
    expect(finding).to_contain_text(re.compile("Port map16 takes a map of 20 x 20"))
