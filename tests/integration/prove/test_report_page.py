"""The report's page in a browser, opened from a file: verdict, table, filters, plots, and no request.

The data are those of the report in docs/proof; the page around them is the one that is built now.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from firedrill.prove.report.page import page
from tests.browser import Tab, needs_chromium, tab

ROOT = Path(__file__).parents[3]
PROOF = ROOT / "docs" / "proof" / "index.html"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
FEW = ("gemini-throttled", "availability-fast-burn", "answers-empty")
pytestmark = [needs_chromium]


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """Return the data of the proof of this stack's alerts."""
    [text] = DATA.findall(PROOF.read_text())
    data: dict[str, Any] = json.loads(text)
    return data


@pytest.fixture(scope="module")
def report(data: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the page with these data."""
    return write_page(data, data["alerts"], tmp_path_factory.mktemp("report"))


def write_page(data: dict[str, Any], alerts: list[dict[str, Any]], folder: Path) -> Path:
    """Write the page of a proof with other alerts, and return its file."""
    file = folder / "index.html"
    file.write_text(page({key: value for key, value in data.items() if key != "alerts"}, alerts))
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Provide a browser for all tests of the module."""
    with tab(tmp_path_factory.mktemp("profile"), viewport={"width": 1280, "height": 900}) as opened:
        yield opened


@pytest.fixture
def opened(browser: Tab, report: Path) -> Tab:
    """Return the browser with the page newly opened."""
    browser.page.set_viewport_size({"width": 1280, "height": 900})
    return reopened(browser, report.as_uri())


def reopened(browser: Tab, url: str) -> Tab:
    """Open a page anew in a browser and wait until it is drawn."""
    browser.page.goto("about:blank")
    browser.requests.clear()
    browser.complaints.clear()
    browser.page.goto(url)
    browser.page.wait_for_selector("table.alerts")
    return browser


def shown_alerts(browser: Tab) -> list[str]:
    """Return the alerts of the table, from top to bottom."""
    return [text.strip() for text in browser.page.locator("table.alerts .open b").all_inner_texts()]


def alerts_with(data: dict[str, Any], **fields: Any) -> list[str]:
    """Return the alerts of the data that have these fields."""
    return [alert["alert"] for alert in data["alerts"] if all(alert[key] == value for key, value in fields.items())]


def test_the_whole_report_is_small() -> None:
    assert {file.name for file in PROOF.parent.iterdir()} == {"README.md", "index.html"}
    assert sum(file.stat().st_size for file in PROOF.parent.iterdir()) < 1_000_000


def test_the_verdict_comes_first_and_nothing_is_requested(opened: Tab, report: Path, data: dict[str, Any]) -> None:
    first = opened.page.locator("main > :first-child").inner_text()
    assert data["verdict"] in first
    assert f"{data['covered']} of {len(data['alerts'])}" in first
    assert opened.requests == [report.as_uri()]
    assert opened.complaints == []


def test_an_alert_a_row_with_a_sparkline(opened: Tab, data: dict[str, Any]) -> None:
    assert shown_alerts(opened) == alerts_with(data)
    assert opened.page.locator("table.alerts .sparkline").count() == len(data["alerts"])


def test_filters_leave_the_alerts_that_match(opened: Tab, data: dict[str, Any]) -> None:
    opened.page.get_by_label("Monitor type").select_option("log alert")
    assert shown_alerts(opened) == alerts_with(data, type="log alert")
    opened.page.get_by_label("Search alerts").fill("gemini throttle_storm")
    assert shown_alerts(opened) == ["gemini-throttled"]
    opened.page.get_by_label("Telemetry").select_option("external only")
    assert shown_alerts(opened) == []
    assert f"0 of {len(data['alerts'])}" in opened.page.get_by_role("status").inner_text()


def test_a_row_opens_to_the_plot_with_the_scenario_in_words(opened: Tab, data: dict[str, Any]) -> None:
    opened.page.get_by_role("button", name="gemini-throttled").press("Enter")
    text = opened.page.locator(".detail").inner_text()
    [play] = [alert["plays"][0] for alert in data["alerts"] if alert["alert"] == "gemini-throttled"]
    assert play["title"] in text
    assert play["course"] in text
    assert re.search(r"fired \d+ min after the failure began, cleared \d+ min after the remediation", text)
    assert "starts the workflow switch-model" in text
    plot = opened.page.locator(".plot svg")
    plot.wait_for()
    assert plot.locator(".threshold.alert").count() == 1
    assert plot.locator(".band.alert").count() >= 1
    assert plot.locator(".event").count() >= 2
    opened.page.get_by_role("button", name="Quiet: ").click()
    assert "stayed quiet" in opened.page.locator(".detail").inner_text()
    assert opened.complaints == []


def test_the_pointer_reads_values_and_states(opened: Tab) -> None:
    opened.page.get_by_role("button", name="gemini-throttled").click()
    opened.page.locator(".plot svg .strip, .plot svg .band").first.hover()
    assert re.match(r".?\d+.*: .*\d.*ALERT", opened.page.locator(".readout").inner_text())


def test_every_alert_opens_without_an_error(opened: Tab, data: dict[str, Any]) -> None:
    opened.page.evaluate("document.querySelectorAll('table.alerts .open').forEach((button) => button.click())")
    drawn = opened.page.locator(".detail .plot svg")
    drawn.nth(len(data["alerts"]) - 1).wait_for()
    assert drawn.count() == len(data["alerts"])
    assert opened.complaints == []


def test_a_link_opens_its_alert(opened: Tab, report: Path) -> None:
    reopened(opened, f"{report.as_uri()}#signal-burns-fast").page.locator(".detail .plot svg .line").first.wait_for()
    assert opened.page.locator(".detail").count() == 1


def test_rows_are_sorted_by_a_header(opened: Tab, data: dict[str, Any]) -> None:
    opened.page.get_by_role("button", name="Alert", exact=True).click()
    assert shown_alerts(opened) == sorted(alerts_with(data))


@pytest.mark.skipif(not AXE.exists(), reason="not run: needs axe (npm ci in web/)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_of_accessibility(
    opened: Tab, data: dict[str, Any], tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    few = {**data, "scenarios": data["scenarios"][:5]}  # axe takes a minute on a thousand cells
    file = write_page(few, [alert for alert in data["alerts"] if alert["alert"] in FEW], tmp_path)
    reopened(opened, f"{file.as_uri()}#gemini-throttled").page.locator(".detail .plot svg").wait_for()
    opened.page.evaluate(AXE.read_text())
    serious = [
        f"{violation['id']}: {node['html']}"
        for violation in opened.page.evaluate("axe.run()")["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
    assert serious == []


def test_a_phone_does_not_scroll_sideways(opened: Tab, report: Path) -> None:
    opened.page.set_viewport_size({"width": 390, "height": 800})
    reopened(opened, f"{report.as_uri()}#requests-fail").page.locator(".detail .plot svg").wait_for()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_text_of_an_account_is_text(browser: Tab, data: dict[str, Any], tmp_path: Path) -> None:
    name = "</script><script>document.title = 'run'</script><!--"
    alert = data["alerts"][0] | {"alert": name, "name": name, "query": name, "problems": [name]}
    file = write_page(data, [alert], tmp_path)
    assert shown_alerts(reopened(browser, file.as_uri())) == [name]
    assert browser.complaints == []
