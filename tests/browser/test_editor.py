"""The graph editor in a real browser: building, faults, undo, saving, code, keyboard, fingers."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from cvstudio.accounts.models import User
from cvstudio.architectures.models import Architecture
from cvstudio.architectures.services.create_architecture import create_architecture, empty_document
from cvstudio.architectures.services.save_architecture import save_architecture
from ml_core.graph import FORMAT, templates
from tests.browser.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LAYERS: list[tuple[str, dict[str, str]]] = [
    ("conv2d", {"out_channels": "6", "kernel_size": "5", "padding": "2"}),
    ("relu", {}),
    ("maxpool2d", {}),
    ("conv2d", {"out_channels": "16", "kernel_size": "5"}),
    ("relu", {}),
    ("maxpool2d", {}),
    ("flatten", {}),
    ("linear", {"out_features": "120"}),
    ("relu", {}),
    ("linear", {"out_features": "84"}),
    ("relu", {}),
    ("linear", {"out_features": "10"}),
]
LENET_PARAMS = 61_706  # LeNet-5 on 1 x 28 x 28: LeCun et al. 1998, with full connections in the second convolution


# The draft is written a moment after the change; the policy of the page forbids Playwright's own waiting by text.
KEPT = """async () => {
  for (let wait = 0; wait < 100; wait += 1) {
    const key = Object.keys(localStorage).find((name) => name.startsWith('cvstudio.architecture.'));
    if (key) return JSON.parse(localStorage[key]);
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('No draft was kept.');
}"""


def lenet() -> dict[str, Any]:
    document: dict[str, Any] = next(
        entry["document"] for entry in templates((1, 28, 28), 10) if entry["name"] == "lenet"
    )
    return document


def opened(open_page: OpenPage, user: User, document: dict[str, Any], **how: Any) -> tuple[Page, Architecture]:
    """The editor of a new architecture, checked once."""
    stored = create_architecture(user, document=document)
    page = open_page(user, f"/architectures/{stored.id}", **how)
    expect(page.locator("#editor[data-ready]")).to_be_attached()
    expect(part(page, "state")).not_to_have_text("")
    part(page, "fit").click()
    return page, stored


def part(page: Page, name: str) -> Locator:
    return page.locator(f'[data-part="{name}"]')


def node(page: Page, id: str) -> Locator:
    return page.locator(f'.node[data-node="{id}"]')


def choose(page: Page, id: str) -> None:
    node(page, id).locator(".node-box").click()


def insert(page: Page, text: str) -> None:
    """Search and Enter; the keyboard goes back to the canvas."""
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def set_param(page: Page, name: str, value: str) -> None:
    page.locator(f'[data-param="{name}"] input').fill(value)


def edge_shapes(page: Page) -> list[str]:
    return [text for text in page.locator(".edge-shape").all_text_contents() if text]


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up()


def test_lenet_is_built_by_hand_saved_and_found_again(open_page: OpenPage, alice: User) -> None:
    page, stored = opened(open_page, alice, empty_document("By hand"))
    choose(page, "image")
    set_param(page, "shape", "1, 28, 28")
    page.keyboard.press("Escape")
    for operator, params in LAYERS:
        insert(page, operator)
        for name, value in params.items():
            set_param(page, name, value)
        page.keyboard.press("Escape")
    expect(part(page, "state")).to_have_text("Valid")
    expect(part(page, "totals")).to_contain_text("61.7 k parameters")
    assert {"N×1×28×28", "N×6×28×28", "N×16×10×10", "N×400", "N×10"} <= set(edge_shapes(page))

    expect(part(page, "unsaved")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(part(page, "version")).to_have_text("v2")
    expect(part(page, "unsaved")).to_be_hidden()
    expect(part(page, "save")).to_be_disabled()
    stored.refresh_from_db()
    assert stored.current_version and stored.current_version.valid
    assert stored.current_version.facts["params"] == LENET_PARAMS

    page.reload()
    expect(node(page, "fc3")).to_be_visible()
    expect(part(page, "state")).to_have_text("Valid")
    assert page.locator(".node").count() == 14


def test_ports_are_connected_by_dragging_and_a_cycle_is_refused_with_its_reason(
    open_page: OpenPage, alice: User
) -> None:
    document = lenet()
    document["edges"] = [edge for edge in document["edges"] if edge["target"] != "logits"]
    page, _ = opened(open_page, alice, document)
    expect(part(page, "state")).to_contain_text("to correct")
    part(page, "fit").click()
    drag(
        page,
        middle(node(page, "fc3").locator(".port-out .port-dot")),
        middle(node(page, "logits").locator(".node-box")),
    )
    expect(part(page, "state")).to_have_text("Valid")

    start, over = (
        middle(node(page, "fc3").locator(".port-out .port-dot")),
        middle(node(page, "conv1").locator(".node-box")),
    )
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*over, steps=4)
    expect(part(page, "hint")).to_contain_text("This would close a cycle")
    page.mouse.up()
    expect(part(page, "hint")).to_be_hidden()
    expect(part(page, "state")).to_have_text("Valid")


def test_a_shape_that_will_not_fit_is_foretold_while_dragging(open_page: OpenPage, alice: User) -> None:
    document = lenet()
    document["nodes"].append({"id": "late", "op": "Conv2d", "params": {}})
    page, _ = opened(open_page, alice, document)
    page.mouse.move(*middle(node(page, "fc1").locator(".port-out .port-dot")))
    page.mouse.down()
    page.mouse.move(*middle(node(page, "late").locator(".node-box")), steps=4)
    expect(part(page, "hint")).to_contain_text("takes 4 dimensions; fc1 gives N×120")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(part(page, "hint")).to_be_hidden()
    expect(part(page, "unsaved")).to_be_hidden()


def test_a_fault_stands_on_its_node_with_the_cure_and_a_click_leads_there(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    choose(page, "conv1")
    set_param(page, "kernel_size", "0")
    expect(page.locator('[data-param="kernel_size"] .field-fault')).to_contain_text("1 to")
    expect(node(page, "conv1")).to_have_class(re.compile("has-error"))
    expect(part(page, "node-panel").locator(".finding-cure").first).not_to_be_empty()
    page.keyboard.press("Escape")

    part(page, "state").click()
    finding = part(page, "findings-panel").locator("button.finding").first
    expect(finding).to_contain_text("kernel_size")
    finding.click()
    expect(node(page, "conv1")).to_have_class(re.compile("is-chosen"))
    set_param(page, "kernel_size", "5")
    expect(part(page, "state")).to_have_text("Valid")


def test_text_that_is_no_number_never_reaches_the_document(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    choose(page, "conv1")
    set_param(page, "out_channels", "many")
    expect(page.locator('[data-param="out_channels"] .field-fault')).to_be_visible()
    expect(part(page, "unsaved")).to_be_hidden()
    set_param(page, "out_channels", "7")
    expect(part(page, "unsaved")).to_be_visible()


def test_undo_and_redo_bring_everything_back(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    choose(page, "fc2")
    page.keyboard.press("Delete")
    expect(node(page, "fc2")).to_have_count(0)
    expect(part(page, "state")).to_contain_text("to correct")
    page.keyboard.press("Control+z")
    expect(node(page, "fc2")).to_have_count(1)
    expect(part(page, "state")).to_have_text("Valid")
    expect(part(page, "unsaved")).to_be_hidden()
    page.keyboard.press("Control+Shift+z")
    expect(node(page, "fc2")).to_have_count(0)
    part(page, "undo").click()
    choose(page, "conv1")
    for value in ("7", "8", "9"):
        set_param(page, "out_channels", value)
    part(page, "undo").click()
    expect(part(page, "unsaved")).to_be_hidden()


def test_a_node_moves_with_the_mouse_and_with_the_arrows_and_no_version_follows(
    open_page: OpenPage, alice: User
) -> None:
    page, stored = opened(open_page, alice, lenet())
    before = node(page, "conv1").get_attribute("transform")
    start = middle(node(page, "conv1").locator(".node-box"))
    drag(page, start, (start[0] + 120, start[1] + 40))
    moved = node(page, "conv1").get_attribute("transform")
    assert moved != before
    with page.expect_response(lambda answer: answer.url.endswith("/view") and answer.status == 204):
        page.keyboard.press("ArrowRight")
    assert node(page, "conv1").get_attribute("transform") != moved
    expect(part(page, "unsaved")).to_be_hidden()
    stored.refresh_from_db()
    assert stored.versions.count() == 1
    last = node(page, "conv1").get_attribute("transform")
    page.reload()
    expect(node(page, "conv1")).to_have_attribute("transform", str(last))


def test_everything_goes_with_the_keyboard_alone(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    part(page, "canvas").focus()
    page.keyboard.press("Tab")
    expect(node(page, "image")).to_have_class(re.compile("is-chosen"))
    page.keyboard.press("Tab")
    expect(node(page, "conv1")).to_have_class(re.compile("is-chosen"))
    page.keyboard.press("Alt+ArrowDown")
    expect(node(page, "relu1")).to_have_class(re.compile("is-chosen"))
    insert(page, "dropout")
    expect(node(page, "dropout1")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator('[data-param="p"] input')).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-param="p"] input')).to_have_value("0.4")
    page.keyboard.press("Escape")
    expect(part(page, "canvas")).to_be_focused()
    page.keyboard.press("Shift+Delete")
    expect(node(page, "dropout1")).to_have_count(0)
    expect(part(page, "state")).to_have_text("Valid")
    page.keyboard.press("?")
    expect(page.locator("#editor-help")).to_be_visible()


def test_a_join_is_connected_with_the_keyboard_and_grows_a_port(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    choose(page, "relu1")
    insert(page, "add")
    page.keyboard.press("Escape")
    expect(node(page, "add1").locator(".port-in")).to_have_count(2)
    choose(page, "relu1")
    page.keyboard.press("c")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(node(page, "add1").locator(".port-in")).to_have_count(3)
    expect(part(page, "state")).to_have_text("Valid")


def test_copies_keep_their_connections_among_each_other(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    choose(page, "conv2")
    node(page, "relu2").locator(".node-box").click(modifiers=["Shift"])
    page.keyboard.press("Control+d")
    expect(page.locator(".node.is-chosen")).to_have_count(2)
    expect(node(page, "conv3")).to_be_visible()
    before = page.locator(".edge").count()
    page.keyboard.press("Delete")
    expect(page.locator(".edge")).to_have_count(before - 1)
    page.keyboard.press("Control+a")
    expect(page.locator(".node.is-chosen")).to_have_count(14)


def test_nodes_travel_through_the_clipboard_into_another_architecture(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "conv2")
    node(page, "relu2").locator(".node-box").click(modifiers=["Shift"])
    page.keyboard.press("Control+c")
    other = create_architecture(alice, document=empty_document("Other"))
    page.goto(page.url.rsplit("/", 1)[0] + f"/{other.id}")
    part(page, "canvas").focus()
    page.keyboard.press("Control+v")
    expect(page.locator(".node")).to_have_count(4)
    expect(node(page, "conv2")).to_be_visible()
    expect(page.locator(".edge")).to_have_count(2)
    page.keyboard.press("Control+x")
    expect(page.locator(".node")).to_have_count(2)


def test_what_if_the_input_is_larger_changes_shapes_and_not_the_graph(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    page.locator("#tab-cost").click()
    page.locator("#what-if-shape").fill("56")
    expect(page.locator(".edge-shape", has_text="N×6×56×56").first).to_be_visible()
    expect(part(page, "what-if")).to_contain_text("1×56×56")
    expect(part(page, "unsaved")).to_be_hidden()
    page.locator("#what-if-shape").fill("nonsense")
    expect(part(page, "what-if-fault")).to_be_visible()
    part(page, "what-if-reset").click()
    expect(page.locator(".edge-shape", has_text="N×6×28×28").first).to_be_visible()


def test_a_line_of_code_lights_up_its_node(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    page.locator("#tab-code").click()
    line = page.locator(".code-line[data-nodes~=conv2]").first
    expect(line).to_contain_text("self.conv2 = nn.Conv2d(6, 16")
    line.hover()
    expect(page.locator(".code-line.is-pointed[data-nodes~=conv2]")).not_to_have_count(1)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    part(page, "code-copy").click()
    expect(page.locator(".toast-ok")).to_be_visible()
    assert "self.conv2 = nn.Conv2d(6, 16" in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as download:
        part(page, "code-download").click()
    assert download.value.suggested_filename == "LeNet.zip"
    line.click()
    expect(node(page, "conv2")).to_have_class(re.compile("is-chosen"))
    expect(page.locator("#tab-canvas")).to_have_attribute("aria-selected", "true")


def test_versions_show_what_changed_and_lead_back(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    choose(page, "conv1")
    set_param(page, "out_channels", "12")
    part(page, "save").click()
    expect(part(page, "version")).to_have_text("v2")
    page.locator("#tab-versions").click()
    expect(page.locator(".version-line.is-new").last).to_contain_text('"out_channels": 12')
    page.locator('.version[data-number="1"]').get_by_role("button", name="Restore").click()
    expect(part(page, "unsaved")).to_be_visible()
    choose(page, "conv1")
    expect(page.locator('[data-param="out_channels"] input')).to_have_value("6")


def test_somebody_elses_save_is_not_overwritten_unasked(open_page: OpenPage, alice: User) -> None:
    page, stored = opened(open_page, alice, lenet())
    save_architecture(stored, document={**lenet(), "name": "Theirs"})
    choose(page, "conv1")
    set_param(page, "out_channels", "9")
    page.keyboard.press("Control+s")
    expect(part(page, "notice")).to_contain_text("Somebody saved version 2")
    assert stored.versions.count() == 2
    part(page, "notice").get_by_role("button", name="Save mine on top").click()
    expect(part(page, "version")).to_have_text("v3")


def test_unsaved_work_survives_a_closed_tab(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet())
    page.on("dialog", lambda dialog: dialog.accept())
    choose(page, "conv1")
    set_param(page, "out_channels", "11")
    kept = page.evaluate(KEPT)
    assert kept["document"]["name"] == "LeNet"
    page.reload()
    part(page, "notice").get_by_role("button", name="Restore them").click()
    choose(page, "conv1")
    expect(page.locator('[data-param="out_channels"] input')).to_have_value("11")
    expect(part(page, "unsaved")).to_be_visible()


def test_export_and_import_are_each_others_way_back(open_page: OpenPage, alice: User, tmp_path: Path) -> None:
    page, _ = opened(open_page, alice, lenet())
    page.locator(".editor-actions summary").click()
    with page.expect_download() as download:
        part(page, "export").click()
    file = tmp_path / "graph.json"
    download.value.save_as(file)
    document = json.loads(file.read_text())
    assert document["format"] == FORMAT
    document["nodes"] = [entry for entry in document["nodes"] if entry["id"] != "relu4"]
    document["edges"] = [edge for edge in document["edges"] if "relu4" not in (edge["source"], edge["target"])]
    file.write_text(json.dumps(document))
    part(page, "import-file").set_input_files(file)
    expect(node(page, "relu4")).to_have_count(0)
    file.write_text("{")
    part(page, "import-file").set_input_files(file)
    expect(page.locator(".toast-failed")).to_contain_text("not JSON")
    expect(page.locator(".node")).to_have_count(13)


def test_hostile_names_stay_text(open_page: OpenPage, alice: User) -> None:
    hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    document = {
        "format": FORMAT,
        "name": hostile,
        "nodes": [
            {"id": hostile[:60], "op": hostile, "params": {hostile: hostile}},
            {"id": 'a"]{}', "op": "Conv2d", "params": {"kernel_size": hostile}},
        ],
        "edges": [{"source": hostile[:60], "source_port": hostile, "target": 'a"]{}', "target_port": hostile}],
    }
    page, _ = opened(open_page, alice, document)
    expect(part(page, "state")).to_contain_text("to correct")
    page.locator(".node-box").first.click()
    page.locator(".node-box").last.click()
    page.locator("#tab-findings").click()
    expect(page.locator("button.finding").first).to_be_visible()
    page.locator("#tab-code").click()
    expect(part(page, "code-notice")).to_be_visible()
    page.locator("#tab-versions").click()
    assert page.evaluate("window.hacked") is None


def test_a_damaged_view_never_hides_the_graph(open_page: OpenPage, alice: User) -> None:
    stored = create_architecture(alice, document=lenet())
    wild = {"places": {"conv1": ["x", None], "fc1": [1e300, 0]}, "viewport": {"x": "NaN", "y": None, "k": -3}}
    Architecture.objects.filter(id=stored.id).update(view=wild)
    page = open_page(alice, f"/architectures/{stored.id}")
    expect(node(page, "conv1")).to_be_visible()
    page.evaluate("document.querySelector('#editor').editor.editor.canvas.viewport.set({x: NaN, y: Infinity, k: NaN})")
    transform = page.locator(".world").get_attribute("transform") or ""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", transform)]
    assert len(numbers) == 3
    assert all(map(math.isfinite, numbers))


def test_two_hundred_nodes_stay_smooth(open_page: OpenPage, alice: User) -> None:
    """Only touched nodes are drawn again: a drag of 60 steps takes less than a tenth of a frame each."""
    nodes: list[dict[str, Any]] = [{"id": "image", "op": "Input", "params": {"shape": [3, 32, 32]}}]
    nodes += [{"id": f"relu{number}", "op": "ReLU", "params": {}} for number in range(200)]
    nodes.append({"id": "logits", "op": "Output", "params": {}})
    edges = [{"source": a["id"], "target": b["id"]} for a, b in zip(nodes, nodes[1:], strict=False)]
    page, _ = opened(open_page, alice, {"format": FORMAT, "name": "Long", "nodes": nodes, "edges": edges})
    taken = page.evaluate(
        """() => {
          const { canvas } = document.querySelector('#editor').editor.editor;
          const watched = [...document.querySelectorAll('.node')].filter((one) => one.dataset.node !== 'relu7');
          let touched = 0;
          const watch = new MutationObserver((records) => (touched += records.length));
          for (const one of watched) watch.observe(one, { attributes: true, childList: true, subtree: true });
          const start = performance.now();
          for (let step = 0; step < 60; step += 1) {
            canvas.preview([['relu7', { x: step * 8, y: 400 }]]);
            canvas.flush();
          }
          touched += watch.takeRecords().length;
          return { ms: performance.now() - start, touched };
        }"""
    )
    assert taken["touched"] == 0
    assert taken["ms"] < 60 * 16


def test_phone_width_has_sheets_and_fingers(open_page: OpenPage, alice: User) -> None:
    page, _ = opened(open_page, alice, lenet(), width=390, height=844, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(part(page, "palette")).to_be_hidden()
    page.locator('[data-sheet="palette"]').tap()
    expect(part(page, "palette")).to_be_visible()
    page.locator('.palette-item[data-op="Dropout"]').tap()
    expect(node(page, "dropout1")).to_be_visible()
    expect(part(page, "state")).to_have_text("Valid")
    page.locator('[data-sheet="panel"]').tap()
    expect(page.locator('[data-param="p"] input')).to_be_visible()
    page.locator(".editor-panel [data-sheet-close]").tap()
    expect(part(page, "panel")).to_be_hidden()

    before = page.locator(".world").get_attribute("transform") or ""
    client = page.context.new_cdp_session(page)
    for kind, spread in (("touchStart", 40), ("touchMove", 60), ("touchMove", 90)):
        points = [{"x": 195 - spread, "y": 500, "id": 0}, {"x": 195 + spread, "y": 500, "id": 1}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    after = page.locator(".world").get_attribute("transform") or ""
    assert scale_of(after) > 1.5 * scale_of(before)
    expect(part(page, "unsaved")).to_be_visible()


def scale_of(transform: str) -> float:
    match = re.search(r"scale\(([\d.]+)\)", transform)
    assert match
    return float(match[1])


def test_training_starts_from_what_is_drawn_and_only_when_it_is_valid(open_page: OpenPage, alice: User) -> None:
    page, stored = opened(open_page, alice, lenet())
    choose(page, "conv1")
    set_param(page, "kernel_size", "0")
    expect(part(page, "state")).to_contain_text("to correct")
    part(page, "train").click()
    expect(page.locator(".toast-warning")).to_be_visible()
    set_param_again(page, "conv1", "kernel_size", "3")
    expect(part(page, "state")).to_have_text("Valid")
    page.route("**/runs/new*", lambda route: route.fulfill(body="<title>training</title>", content_type="text/html"))
    part(page, "train").click()
    page.wait_for_url("**/runs/new?*")
    stored.refresh_from_db()
    assert stored.versions.count() == 2
    assert page.url.endswith(f"?architecture={stored.id}&architecture_version={stored.current_version_id}")


def set_param_again(page: Page, id: str, name: str, value: str) -> None:
    choose(page, id)
    set_param(page, name, value)
