"""A run that ends is announced on whatever page its owner is, as their preferences say."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cvstudio.runs.models import Run, RunState

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(alice):
    return Run.objects.create(owner=alice, name="<b>Try</b>", recipe="vision.classify", state=RunState.RUNNING)


def until(page, is_so):
    """Wait for what the page remembers. Playwright's own waiting evaluates text, which the policy forbids."""
    for _ in range(100):
        if is_so(page.evaluate("() => sessionStorage.getItem('runs-in-flight') ?? ''")):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the page never remembered it")


def end(run, state):
    Run.objects.filter(pk=run.pk).update(state=state)


@pytest.mark.parametrize(("state", "words"), [("completed", "is completed"), ("failed", "failed")])
def test_the_end_of_a_run_is_announced_once_with_a_way_to_it(open_page, alice, run, state, words):
    page = open_page(alice, "/accounts/")
    until(page, lambda kept: str(run.pk) in kept)
    end(run, state)
    announced = page.locator(".toast").filter(has_text=words)
    expect(announced).to_have_count(1, timeout=15_000)
    expect(announced).to_contain_text("<b>Try</b>")
    # The run's own page wants a socket, which this test's server does not offer.
    page.route(f"**/runs/{run.pk}", lambda route: route.fulfill(body="<p>there</p>", content_type="text/html"))
    announced.get_by_role("button", name="Show").click()
    page.wait_for_url(f"**/runs/{run.pk}")


def test_who_does_not_want_to_hear_of_it_does_not(open_page, alice, run):
    alice.preferences = {"notifications": {"run_completed": False}}
    alice.save()
    page = open_page(alice, "/accounts/")
    until(page, lambda kept: str(run.pk) in kept)
    with page.expect_response(lambda answer: answer.url.endswith("/auth/config"), timeout=15_000):
        end(run, "completed")
    until(page, lambda kept: kept == "[]")
    expect(page.locator(".toast")).to_have_count(0)
