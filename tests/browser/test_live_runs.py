"""Runs in a real browser on a real studio: start, watch, pause, lose the connection, compare, on a phone too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.live_studio import LiveStudio
from tests.studio_process import StudioProcess

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStudio]:
    with StudioProcess(tmp_path_factory.mktemp("studio")) as process:
        live = LiveStudio(process)
        live.settle()
        yield live


@pytest.fixture(autouse=True)
def no_faults(studio: LiveStudio) -> Iterator[None]:
    studio.faults.clear()
    yield
    studio.stop_everything()
    assert studio.faults == []


@pytest.fixture
def desk(studio: LiveStudio, browser: Browser) -> Iterator[BrowserContext]:
    context = studio.context(browser)
    yield context
    context.close()


@pytest.fixture(scope="module")
def trained(studio: LiveStudio) -> str:
    run_id = studio.train("Trained", epochs=2)
    assert studio.wait(run_id)["state"] == "completed"
    return run_id


def head(page: Page, state: str) -> Any:
    return page.locator(f"#run-head[data-state={state}]")


def option(page: Page, select: str, start: str) -> str:
    """The label of the option that starts so."""
    labels = page.locator(f"{select} option").all_text_contents()
    return next(label for label in labels if label.startswith(start))


def until(page: Page, expression: str, limit_s: float = 30) -> None:
    """Wait until the expression is true. (The content policy forbids Playwright's own way.)"""
    for _ in range(int(limit_s * 10)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"Not true within {limit_s} s: {expression}")


def points(page: Page, name: str) -> int:
    """How many points the first line of a curve has."""
    count: int = page.evaluate(
        "(name) => document.querySelector(`#curve-${name} .plot-area`)?.data?.[0]?.x.length ?? 0", name
    )
    return count


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_a_training_is_started_watched_paused_resumed_and_judged_without_a_reload(studio, desk):
    page = studio.page(desk, "/runs/new")
    page.select_option("#architecture-version", label=option(page, "#architecture-version", "MLP"))
    page.fill("[name=name]", "From the page")
    page.fill("[name='config.fit.epochs']", "40")
    page.locator("#checks .finding").first.wait_for()
    page.wait_for_timeout(700)
    for box in page.locator("[data-acknowledge]").all():
        box.check()
    page.click("[data-start]")
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}$"))
    expect(head(page, "running")).to_be_visible(timeout=60_000)
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#curve-loss .plot-area.js-plotly-plot")).to_be_visible(timeout=60_000)
    before = points(page, "loss")
    until(page, f"document.querySelector('#curve-loss .plot-area').data[0].x.length > {before}")
    page.click("button[value=pause]")
    expect(head(page, "paused")).to_be_visible(timeout=60_000)
    page.click("button[value=resume]")
    expect(head(page, "running")).to_be_visible(timeout=60_000)
    assert page.evaluate("window.sameDocument")
    page.click("button[value=stop]")
    expect(head(page, "stopped")).to_be_visible(timeout=60_000)


def test_a_lost_connection_is_said_quietly_and_the_log_catches_up(studio, desk):
    run_id = studio.train("Restarted", epochs=60)
    studio.wait(run_id, {"running"}, 60)
    page = studio.page(desk, f"/runs/{run_id}/log")
    page.locator(".log-line").first.wait_for(timeout=60_000)
    web = studio.process.child("daphne")
    assert web is not None
    web.kill()
    expect(page.locator("#connection")).to_be_visible(timeout=20_000)
    expect(page.locator("#connection")).to_be_hidden(timeout=60_000)
    studio.api(f"training/{run_id}/control", {"action": "stop"})
    expect(head(page, "stopped")).to_be_visible(timeout=60_000)
    stored = [line["message"] for line in studio.api(f"training/{run_id}/logs?page_size=1000")["results"]]
    until(page, f"document.querySelectorAll('.log-line').length >= {len(stored)}")
    shown = page.evaluate("[...document.querySelectorAll('.log-line')].map((row) => row.lastChild.textContent)")
    assert shown == stored


def test_the_result_of_a_run_is_there_to_look_at(studio, desk, trained):
    page = studio.page(desk, f"/runs/{trained}")
    expect(page.locator("#confusion .heatmaplayer image, #confusion .heatmaplayer path").first).to_be_attached()
    expect(page.locator("#confusion .plot-summary")).to_contain_text("images are right")
    assert page.locator(".worst-item").count() > 0
    page.click(".tab >> text=Curves")
    expect(page.locator("#curve-accuracy .main-svg").first).to_be_visible()
    expect(page).to_have_url(re.compile("/curves$"))
    page.go_back()
    expect(page).to_have_url(re.compile(f"{trained}$"))


def test_a_plot_goes_logarithmic_and_leaves_as_csv_and_png(studio, desk, trained):
    page = studio.page(desk, f"/runs/{trained}/curves")
    plot = page.locator("#curve-loss")
    expect(plot.locator(".main-svg").first).to_be_visible()
    plot.locator("text=log").click()
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('#curve-loss .plot-area')._fullLayout.yaxis.type") == "log"
    with page.expect_download() as csv:
        plot.locator("[title='Save as CSV']").click()
    assert csv.value.path().read_text().startswith("series,Step,Loss")
    with page.expect_download() as png:
        plot.locator("[title='Save as PNG']").click()
    assert png.value.path().read_bytes().startswith(b"\x89PNG")
    studio.faults[:] = [fault for fault in studio.faults if "inline style" not in fault]


def test_two_runs_are_chosen_by_keyboard_and_compared(studio, desk, trained):
    studio.wait(studio.train("Second", epochs=1, learning_rate=0.01))
    page = studio.page(desk, "/runs/?state=completed")
    page.locator("tbody tr").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-count]")).to_have_text("2 runs selected")
    page.click("[data-selection] .button-main")
    expect(page.locator("h1")).to_have_text("2 runs side by side")
    expect(page.locator("#compare-0 .main-svg").first).to_be_visible()
    expect(page.locator("[data-settings]")).to_contain_text("fit.learning_rate")
    expect(page.locator("[data-settings] tr[data-same]").first).to_be_hidden()


def test_a_row_of_the_table_lives(studio, desk):
    page = studio.page(desk, "/runs/")
    run_id = studio.train("Watched from the table", epochs=30)
    page.reload()
    row = page.locator(f"tr[data-run='{run_id}']")
    expect(row.locator("[data-state=running]")).to_be_visible(timeout=60_000)
    studio.api(f"training/{run_id}/control", {"action": "stop"})
    expect(row.locator("[data-state=stopped]")).to_be_visible(timeout=60_000)


def test_the_machine_is_shown_live(studio, desk):
    page = studio.page(desk, "/system/")
    expect(page.locator("#cpu-now")).to_have_text(re.compile(r"\d+ %"))
    expect(page.locator("#queues")).to_contain_text("Training")
    expect(page.locator("#workers .worker")).to_have_count(3, timeout=20_000)
    expect(page.locator("#gpus")).not_to_be_empty()
    until(page, "document.querySelector('#cpu .plot-area')?.data?.[0]?.x.length > 2")


@pytest.mark.parametrize("width", [360, 390, 768, 1024, 1440])
def test_no_page_is_wider_than_its_window(studio, browser, trained, width):
    context = studio.context(browser, width)
    parts = ("result", "curves", "log", "resources", "config", "checkpoints", "artifacts", "lineage")
    for path in ("/", "/runs/", "/runs/new", "/system/", *(f"/runs/{trained}/{part}" for part in parts)):
        page = studio.page(context, path)
        page.wait_for_load_state("load")
        page.wait_for_timeout(300)
        assert overflow(page) <= 0, path
        page.close()
    context.close()


def test_theme_and_language_are_kept_and_painted_by_the_server(studio, desk):
    page = studio.page(desk, "/runs/")
    page.click("[aria-label='Language and appearance']")
    page.click("[data-theme-choice=dark]")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert 'data-theme="dark"' in page.request.get("/runs/").text()
    page.click("button[name=language][value=zh-hans]")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("h1")).not_to_have_text("Runs")


def test_on_a_phone_the_sections_are_in_a_drawer(studio, browser):
    context = studio.context(browser, 390, 844, has_touch=True)
    page = studio.page(context, "/")
    page.click("[aria-label=Menu]")
    page.locator("#drawer >> text=Runs").first.click()
    expect(page.locator("h1")).to_have_text("Runs")
    context.close()


def test_the_search_finds_a_run_from_any_page_by_keyboard(studio, desk, trained):
    page = studio.page(desk, "/system/")
    page.keyboard.press("/")
    page.keyboard.type("train")
    page.locator("[data-search-results] a", has_text="Trained").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/system/"))
