"""Dashboards and notebooks in the console: each kind of widget draws, variables and ranges are in the address."""

import re

import pytest

from tests.browser import Tab, needs_chromium
from tests.integration.sandbox.console.account import Shop, open_shop
from tests.integration.sandbox.console.conftest import Console, show

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def shop(console: Console) -> Shop:
    """Return the shop, open."""
    return open_shop(console)


def drawn(browser: Tab, console: Console, address: str) -> dict[str, str]:
    """Open a dashboard, wait for every widget, and return their texts by title."""
    show(browser, console, address)
    boxes = browser.page.locator("article.widget")
    for box in boxes.all():
        box.scroll_into_view_if_needed()
    browser.page.wait_for_selector("article.widget:not([data-drawn])", state="detached")
    return {
        box.locator("h3").first.inner_text() if box.locator("h3").count() else "": box.inner_text()
        for box in boxes.all()
    }


def test_every_kind_of_widget_answers_its_question(shop: Shop, console: Console, browser: Tab) -> None:
    texts = drawn(browser, console, f"/dashboard/{shop.dashboard}")
    assert not [text for title, text in texts.items() if "Not drawn" in text and title]
    for title, said in {
        "All requests": "600",
        "Busiest hosts": "300",
        "By host": "300",
        "Against last week": "new",
        "Lines": "payment 2 failed",
        "Buyers": "1 (100 %)",
        "The SLO": "50 %",
        "SLOs": "Shop answers",
        "Alerts": "Shop is busy",
        "Mend it": "Run the workflow",
    }.items():
        assert said in texts[title], title
    labels = [each.get_attribute("aria-label") or "" for each in browser.page.locator("[role=img]").all()]
    assert [label for label in labels if label.startswith("Requests; a 10, b 10")]
    assert [label for label in labels if label.startswith("Burn rate; asked 50")]
    assert [label for label in labels if label.startswith("Latency: 90 values")]
    assert [label for label in labels if "shop calls payments" in label]
    assert [label for label in labels if label.startswith("The alert; host:a")]


def test_a_kind_that_is_not_drawn_says_so(shop: Shop, console: Console, browser: Tab) -> None:
    drawn(browser, console, f"/dashboard/{shop.dashboard}")
    assert browser.page.locator(".widget-free_text").inner_text() == "Not drawn: free_text"


def test_a_template_variable_narrows_every_widget(shop: Shop, console: Console, browser: Tab) -> None:
    drawn(browser, console, f"/dashboard/{shop.dashboard}")
    browser.page.select_option(".variables select", "a")
    browser.page.wait_for_url(re.compile("tpl_var_host=a"))
    browser.page.wait_for_selector(".widget-query_value .value:text-is('300')")


def test_a_link_of_a_note_opens_in_the_console(shop: Shop, console: Console, browser: Tab) -> None:
    drawn(browser, console, f"/dashboard/{shop.dashboard}")
    browser.page.click(".widget-note a")
    browser.page.wait_for_url("**/logs?query=payment")
    browser.page.wait_for_selector(".events:has-text('payment 2 failed')")


def test_a_workflow_runs_from_its_button_and_shows_its_steps(shop: Shop, console: Console, browser: Tab) -> None:
    drawn(browser, console, f"/dashboard/{shop.dashboard}")
    browser.page.click("text=Run the workflow")
    browser.page.click("text=its run")
    browser.page.wait_for_selector(".event[open] td:has-text('Step')")


def test_a_notebook_draws_its_cells(shop: Shop, console: Console, browser: Tab) -> None:
    texts = drawn(browser, console, f"/notebook/{shop.notebook}")
    assert "payment 1 failed" in texts["Lines"]
    assert browser.page.locator(".chart [role=img]").count() == 1
    assert browser.page.locator("a[href^='/apm/trace/']", has_text="the trace").count() == 1
