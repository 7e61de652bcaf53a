"""Monitors in the console: the list, and a page with series, thresholds, states, reasons and notifications."""

import re
import time

import pytest

from tests.browser import Tab, needs_chromium
from tests.integration.sandbox.console.conftest import Console, show

pytestmark = needs_chromium
QUERY = "avg(last_5m):avg:shop.latency{*} by {host} > 10"
LOGS = "https://app.datadoghq.com/logs?query=service%3Ashop"
MESSAGE = f"**Impact**: checkouts of {{{{host.name}}}} wait.\n\nSee [logs]({LOGS}) @ops@example.com"


@pytest.fixture(scope="module")
def slow(console: Console) -> int:
    """Return the id of a monitor that fired for one host ten minutes ago."""
    thresholds = {"critical": 10, "warning": 8, "critical_recovery": 6}
    body = {"type": "query alert", "name": "Shop is slow", "query": QUERY, "message": MESSAGE, "tags": ["service:shop"]}
    monitor = console.create("/api/v1/monitor", {**body, "options": {"thresholds": thresholds}})
    quiet = {**body, "name": "Shop is quiet", "query": "avg(last_5m):avg:shop.latency{*} < 1", "options": {}}
    console.create("/api/v1/monitor", quiet)
    now = time.time() // 60 * 60
    for host, late in (("a", 14.0), ("b", 3.0)):
        values = [(now - 60 * ago, late if ago < 15 else 2.5) for ago in range(40)]
        console.send_points("shop.latency", values, f"host:{host}")
    console.evaluate(25)
    return int(monitor["id"])


def test_the_list_has_the_triggered_ones_first_and_a_search(slow: int, console: Console, browser: Tab) -> None:
    show(browser, console, "/monitors")
    names = browser.page.locator("tbody tr td:nth-child(2)")
    assert names.all_inner_texts() == ["Shop is slow", "Shop is quiet"]
    assert "1 alert" in browser.page.locator(".counts").inner_text()
    browser.page.fill("input[type=search]", "status:ok service:shop")
    assert names.all_inner_texts() == ["Shop is quiet"]
    browser.page.fill("input[type=search]", "")
    browser.page.click("text=Shop is slow")
    browser.page.wait_for_url(f"**/monitors/{slow}")


def test_a_monitor_shows_its_state_and_why(slow: int, console: Console, browser: Tab) -> None:
    show(browser, console, f"/monitors/{slow}")
    groups = browser.page.locator("section", has_text="State and reason").locator("tbody tr")
    rows = {row.locator("td").nth(1).inner_text(): row.inner_text() for row in groups.all()}
    assert "14 > 10, the critical threshold." in rows["host:a"]
    assert "ALERT" in rows["host:a"]
    assert "3 is within the threshold: it would have to be > 8." in rows["host:b"]


def test_a_monitor_shows_its_series_against_its_thresholds(slow: int, console: Console, browser: Tab) -> None:
    show(browser, console, f"/monitors/{slow}")
    described = browser.page.locator(".chart [role=img]").get_attribute("aria-label") or ""
    assert "host:a 14, host:b 3" in described
    assert "critical > 10; warning > 8; critical recovery 6" in described
    painted = browser.page.evaluate(
        "[...document.querySelector('.chart canvas').getContext('2d')"
        ".getImageData(0, 0, 1200, 240).data].filter((value, place) => place % 4 === 3 && value).length"
    )
    assert painted > 2000, "the chart is empty"


def test_a_monitor_shows_its_message_as_sent_and_whom_it_told(slow: int, console: Console, browser: Tab) -> None:
    show(browser, console, f"/monitors/{slow}")
    message = browser.page.locator(".markdown")
    assert "checkouts of a wait" in message.inner_text()
    assert message.locator("strong", has_text="Impact").count() == 1
    notified = browser.page.locator("section", has_text="Notifications").first
    assert "@ops@example.com" in notified.inner_text()
    assert "WARN → ALERT" in notified.inner_text()
    link = message.locator("a", has_text="logs")
    assert link.get_attribute("href") == "/logs?query=service%3Ashop"


def test_a_range_of_time_is_part_of_the_address(slow: int, console: Console, browser: Tab) -> None:
    show(browser, console, f"/monitors/{slow}")
    browser.page.select_option("select[aria-label='Range of time']", "15m")
    browser.page.wait_for_url(re.compile("live=15m"))
    browser.page.go_back()
    browser.page.wait_for_url(re.compile(f"/monitors/{slow}$"))


def test_a_monitor_that_is_not_there_is_named(console: Console, browser: Tab) -> None:
    show(browser, console, "/monitors/1")
    assert browser.page.locator("h1").inner_text() == "Not found"
    browser.complaints.clear()  # the browser itself reports the 404


def test_a_monitor_without_an_algorithm_has_no_bounds(slow: int, console: Console, browser: Tab) -> None:
    show(browser, console, f"/monitors/{slow}")
    assert browser.page.get_by_role("heading", name="Measured values and their bounds").is_hidden()


def test_an_anomaly_monitor_shows_the_band_that_a_spike_leaves(console: Console, browser: Tab) -> None:
    now = time.time() // 60 * 60
    points = [(now - 60 * ago, 90.0 if ago < 8 else 40.0 + ago % 5) for ago in range(300)]
    console.send_points("shop.queue", points)
    query = "avg(last_1h):anomalies(avg:shop.queue{*}, 'basic', 2, alert_window='last_10m', interval=60) >= 0.5"
    windows = {"trigger_window": "last_10m", "recovery_window": "last_10m"}
    options = {"thresholds": {"critical": 0.5}, "threshold_windows": windows}
    drawn = bounds(console, browser, {"type": "query alert", "name": "Odd queue", "query": query, "options": options})
    assert drawn["value"] == 90
    assert drawn["lower bound"] < 42 < drawn["upper bound"] < 60


def test_a_forecast_monitor_shows_its_line_until_the_windows_end(console: Console, browser: Tab) -> None:
    now = time.time() // 60 * 60
    console.send_points("shop.disk", [(now - 60 * ago, 60 - ago / 10) for ago in range(300)])
    query = "max(next_6h):forecast(avg:shop.disk{*}, 'linear', 1, interval='5m', history='4h') >= 90"
    options = {"thresholds": {"critical": 90}}
    drawn = bounds(console, browser, {"type": "query alert", "name": "Disk fills", "query": query, "options": options})
    assert 59 < drawn["value"] <= 60
    assert 90 < drawn["lower bound"] <= drawn["upper bound"] < 100


def bounds(console: Console, browser: Tab, body: dict[str, object]) -> dict[str, float]:
    """Create a monitor, open it, and return the newest number of each line of the chart of its bounds."""
    monitor = console.create("/api/v1/monitor", {**body, "message": "", "tags": []})
    show(browser, console, f"/monitors/{monitor['id']}?live=4h")
    chart = browser.page.locator("section", has_text="Measured values and their bounds").locator(".chart [role=img]")
    label = chart.get_attribute("aria-label") or ""
    return {name: float(number) for name, number in re.findall(r"(value|lower bound|upper bound) ([\d.]+)", label)}
