"""Each page of the console: it has its content, nothing serious for axe, nothing in the browser's console, and fits."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from infra import links
from service.datadog import app_links
from tests.browser import Tab, needs_chromium
from tests.conftest import ROOT
from tests.integration.sandbox.console.account import TRACE, Shop, open_shop
from tests.integration.sandbox.console.conftest import Console, show

pytestmark = needs_chromium
AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
PAGES = {
    "/": "Shop is busy",
    "/dashboard": "The shop",
    "/dashboard/{dashboard}": "Busiest hosts",
    "/monitors": "Shop is busy",
    "/monitors/{monitor}": "the critical threshold",
    "/slo": "Shop answers",
    "/slo?slo_id={slo}": "50 %",
    "/logs?query=service:shop": "payment 2 failed",
    "/apm/traces": "GET /buy",
    f"/apm/trace/{TRACE}": "POST /pay",
    "/llm/traces": "Nothing matches in this time range.",
    "/service-map": "payments",
    "/on-call": "Nobody was paged.",
    "/incidents": "The shop is closed",
    "/incidents/{incident}": "The shop is closed",
    "/notebook": "Post-mortem",
    "/notebook/{notebook}": "What happened",
    "/workflow": "Mend the shop",
    "/workflow/{workflow}": "It has not run yet.",
    "/synthetics/tests": "No synthetic test yet.",
    "/rum/sessions": "action: buy",
    "/ci": "No deployment in this time range.",
    "/audit-trail": "Mend the shop",
    "/error-tracking": "Error tracking",
    "/monitors/nothing/here": "Not found",
}


@pytest.fixture(scope="module")
def shop(console: Console) -> Shop:
    """Return the shop, open."""
    return open_shop(console)


@pytest.fixture(scope="module", params=["light", pytest.param("dark", marks=pytest.mark.slow)])
def appearance(request: pytest.FixtureRequest, chromium: Tab) -> None:
    """Use light colours, then dark ones on a phone."""
    chosen = request.param
    chromium.page.emulate_media(color_scheme=chosen)
    chromium.page.set_viewport_size({"width": 390 if chosen == "dark" else 1280, "height": 844})


def serious(browser: Tab) -> list[str]:
    """Return what axe finds that is serious or worse."""
    page = browser.page
    # The policy of the page forbids scripts of others, so axe runs in a world of its own.
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame})["executionContextId"]
    script = f"{AXE.read_text()};axe.run(document).then(found => JSON.stringify(found.violations))"
    options = {"expression": script, "contextId": world, "awaitPromise": True, "returnByValue": True}
    violations = json.loads(session.send("Runtime.evaluate", options)["result"]["value"])
    session.detach()
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary']}"
        for each in violations
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.usefixtures("appearance")
@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_its_content_and_fits(address: str, shop: Shop, console: Console, browser: Tab) -> None:
    show(browser, console, address.format(**vars(shop)))
    browser.page.wait_for_selector(f"main:has-text('{PAGES[address]}')")
    assert browser.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert {request.split("/")[2] for request in browser.requests} == {console.url.split("/")[2]}
    assert browser.page.locator("h1").count() == 1
    if AXE.exists():
        assert serious(browser) == []


LINKS = [
    links.logs("datadoghq.com", "service:shop", "@error.kind"),
    links.traces("datadoghq.eu", "service:shop"),
    app_links.notebook("datadoghq.com", "{notebook}"),
    app_links.monitor("us5.datadoghq.com", "{monitor}"),
    app_links.incident("datadoghq.com", "{incident}"),
    app_links.trace("datadoghq.com", TRACE),
    app_links.logs("datadoghq.com", "trace_id:1"),
    app_links.slo("datadoghq.com", "{slo}"),
    app_links.issue("datadoghq.com", "0"),
]
"""Links that messages and notebooks carry."""


def test_every_link_of_a_message_or_notebook_opens_here(shop: Shop, console: Console, browser: Tab) -> None:
    text = "\n".join(f"- [link {number}]({link.format(**vars(shop))})" for number, link in enumerate(LINKS))
    cell = {"type": "notebook_cells", "attributes": {"definition": {"type": "markdown", "text": unquote(text)}}}
    attributes = {"name": "Links", "time": {"live_span": "1h"}, "cells": [cell]}
    made = console.create("/api/v1/notebooks", {"data": {"type": "notebooks", "attributes": attributes}})
    show(browser, console, f"/notebook/{made['data']['id']}")
    targets = [link.get_attribute("href") or "" for link in browser.page.locator(".markdown a").all()]
    assert len(targets) == len(LINKS)
    for target in targets:
        show(browser, console, target)
        assert "has no page at" not in browser.page.locator("main").inner_text(), target
    browser.complaints.clear()  # the browser itself reports the issue that is not there


def test_a_session_of_keys_alone_reaches_a_monitor(shop: Shop, console: Console, browser: Tab) -> None:
    browser.page.set_viewport_size({"width": 1280, "height": 844})
    show(browser, console, "/")
    browser.page.keyboard.press("Tab")
    assert browser.page.evaluate("document.activeElement.textContent") == "Skip to content"
    browser.page.keyboard.press("Enter")
    for _ in range(8):
        browser.page.keyboard.press("Tab")
        if browser.page.evaluate("document.activeElement.textContent") == "Shop is busy":
            break
    browser.page.keyboard.press("Enter")
    browser.page.wait_for_url(f"**/monitors/{shop.monitor}")


def test_a_page_of_another_origin_reads_nothing(console: Console, browser: Tab, tmp_path: Path) -> None:
    browser.page.goto("about:blank")
    port = console.url.rpartition(":")[2]
    reach = f"fetch('http://127.0.0.1:{port}/-/console/keys').then(answer => answer.text(), error => error.message)"
    assert browser.page.evaluate(reach) == "Failed to fetch"
    browser.complaints.clear()  # the browser itself reports the refusal
