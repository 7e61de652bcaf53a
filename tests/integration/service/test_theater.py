"""The failure theater in a real browser: its buttons, the played drill of each failure, and what the page loads."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from service.theater.failures import FAILURES, Failure
from tests.browser import Tab, needs_chromium, tab
from tests.conftest import ROOT
from tests.integration.service.sandbox import Service, eventually
from tests.integration.service.servers import servers

pytestmark = needs_chromium

BUNDLE_BYTES = 250_000
QUICK = ("throttled", "quality")
"""A failure that pages somebody, and one that sends a message; the others are slow tests."""
EFFECT_SECONDS = 60
EFFECTS = {
    "slow": ("Latency of chats, p95", r"p95 (?:[89]|\d\d)(?:\.\d+)? s"),
    "cost": ("Tokens", r"tokens (?:[2-9]|\d\d)(?:\.\d+)?k"),
    "quality": ("Chats, answered and failed", r"answered [1-9]"),
    "injection": ("Chats, answered and failed", r"answered [1-9]"),
}
"""The chart that shows a failure, and its newest number; the other failures fail chats. An answer that runs on has
2,048 tokens, five usual ones together fewer."""
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
DRILLS = ROOT / "service" / "static" / "theater" / "drills"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, str]]:
    """Provide the service with its theater on, and the URL of the sandbox's Google."""
    with servers(tmp_path_factory.mktemp("theater"), THEATER="on") as (settings, service):
        yield service, settings.google_url


@pytest.fixture
def browser(tmp_path: Path, stage: tuple[Service, str]) -> Iterator[Tab]:
    """Provide a tab with the page while nothing fails; the test moves the page's clock."""
    httpx.delete(f"{stage[1]}/-/gemini/failures").raise_for_status()
    with tab(tmp_path, viewport={"width": 1400, "height": 900}) as opened:
        opened.page.clock.install()
        opened.page.goto(stage[0].url)
        expect(opened.page.get_by_role("heading", name="Failure theater")).to_be_visible()
        yield opened


def test_the_page_offers_each_failure(browser: Tab) -> None:
    buttons = browser.page.get_by_role("group", name="Failures").get_by_role("button")
    expect(buttons).to_have_text([failure.label for failure in FAILURES])


@pytest.mark.parametrize(
    "failure",
    [pytest.param(failure, marks=() if failure.key in QUICK else pytest.mark.slow) for failure in FAILURES],
    ids=lambda failure: failure.key,
)
def test_a_button_breaks_the_service_and_its_drill_shows_alert_notification_and_recovery(
    browser: Tab, stage: tuple[Service, str], failure: Failure
) -> None:
    page, (service, google) = browser.page, stage
    before = len(service.lines())
    page.get_by_role("button", name=failure.label, exact=True).click()
    expect(page.get_by_role("status")).to_have_text(failure.description)
    modes = [active["mode"] for active in httpx.get(f"{google}/-/gemini/failures").json()["failures"]]
    assert modes == ([failure.gemini.mode] if failure.gemini else [])
    eventually(lambda: _effect(page, service, before, failure.key), EFFECT_SECONDS, f"the effect of {failure.key}")
    page.get_by_role("button", name="Play the drill").click()
    expect(_step(page, "failure")).to_have_class("waiting")
    page.clock.run_for(61_000)
    expect(page.get_by_role("status")).to_contain_text("at its end")
    drill = json.loads((DRILLS / f"{failure.key}.json").read_text())
    kinds = {event["kind"] for alert in drill["alerts"] for event in alert["events"]}
    for name in ("failure", "alert", "page", "recovery"):
        expect(_step(page, name)).to_have_class("reached")
    expect(_step(page, "page").locator("b")).to_have_text("Page" if "page" in kinds else "Message")
    expect(_step(page, "page")).to_contain_text("@example.com" if "page" in kinds else "llm-platform")
    expect(_step(page, "workflow")).to_have_class("reached" if "workflow" in kinds else "waiting")
    for alert in drill["alerts"]:
        expect(page.locator(f"[data-alert={alert['key']}]")).to_contain_text(alert["title"])
    page.get_by_role("button", name="Back to now").click()
    page.get_by_role("button", name="End the failure").click()
    eventually(lambda: httpx.get(f"{google}/-/gemini/failures").json()["failures"] == [], what="the failure's end")


def _effect(page: Page, service: Service, before: int, failure: str) -> bool:
    """Return whether the page's numbers show the failure; the service's new lines, too, for what callers do."""
    chart, numbers = EFFECTS.get(failure, ("Chats, answered and failed", r"failed [1-9]"))
    label = page.locator(f"[role=img][aria-label^='{chart}']").get_attribute("aria-label") or ""
    new = service.lines()[before:]
    done = {
        "quality": any(line.get("event") == "feedback" and line["rating"] == "down" for line in new),
        "injection": any(line.get("signal") == "prompt_injection" for line in new),
    }
    return re.search(numbers, label) is not None and done.get(failure, True)


def test_the_tabs_own_chats_and_the_time_left_are_shown(browser: Tab, stage: tuple[Service, str]) -> None:
    page = browser.page
    before = len(stage[0].lines("chat"))
    page.get_by_role("button", name="Outage").click()
    expect(_step(page, "alert")).to_contain_text("at the earliest, as in the recorded drill: Chat errors")
    page.clock.run_for(8_000)
    eventually(lambda: len(stage[0].lines("chat")) > before + 3, what="chats of the tab")
    page.clock.run_for(2_000)
    expect(page.get_by_role("img", name="Chats, answered and failed; failed ")).to_be_visible()
    expect(page.locator(".problems")).to_contain_text("The account has no monitor for: requests-fail")
    page.get_by_role("button", name="End the failure").click()
    expect(page.get_by_role("status")).to_contain_text("The failure has ended")


@pytest.mark.skipif(not AXE.exists(), reason="not run: needs axe (npm ci in web/)")
def test_the_page_is_accessible_and_fits_in_both_colours_on_phone_and_desk(browser: Tab) -> None:
    page = browser.page
    page.get_by_role("button", name="Throttled").click()
    page.get_by_role("button", name="Play the drill").click()
    page.clock.run_for(30_000)
    page.evaluate(AXE.read_text())
    for width in (390, 1400):
        for colours in ("light", "dark"):
            page.get_by_label("Colours").select_option(colours)
            page.set_viewport_size({"width": width, "height": 900})
            rules = page.evaluate("axe.run().then(results => results.violations)")
            serious = [(rule["id"], node["html"]) for rule in rules for node in rule["nodes"]
                       if rule["impact"] in ("serious", "critical")]  # fmt: skip
            assert serious == [], f"{colours}, {width} px"
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_rum_it_loads_little_and_nothing_of_others(browser: Tab, stage: tuple[Service, str]) -> None:
    page, url = browser.page, stage[0].url
    page.wait_for_load_state("networkidle")
    assert all(request.startswith(url) for request in browser.requests)
    files = {request for request in browser.requests if "/static/theater/assets/" in request}
    assert len(files) >= 3
    assert sum(len(gzip.compress(httpx.get(file).content)) for file in files) < BUNDLE_BYTES
    assert browser.complaints == []


def _step(page: Page, name: str) -> Locator:
    return page.locator(f".story [data-step={name}]")
