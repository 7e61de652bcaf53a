"""The failure theater on the running account: a button, then alert, page and recovery as the sandbox evaluates them."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from firedrill.settings import API_KEY, APP_KEY
from tests.browser import needs_chromium, tab
from tests.integration.service.sandbox import TOKEN
from tests.integration.service.servers import servers

KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
SCOPE = "env:test"
ERRORS = {
    "name": "llm-api test: Chat errors above 5 % of chats",
    "type": "query alert",
    "query": f"sum(last_1m):default_zero(sum:llm.chat.requests{{{SCOPE},!outcome:ok}}.as_count())"
    f" / (sum:llm.chat.requests{{{SCOPE}}}.as_count() + 1) > 0.05",
    "message": "https://example.com/runbooks/requests-fail.md @oncall-llm-platform",
    "tags": ["service:llm-api", "env:test"],
    "options": {"thresholds": {"critical": 0.05}},
}
LAYER = {
    "name": "weekly", "effective_date": "2026-01-05T00:00:00Z", "rotation_start": "2026-01-05T00:00:00Z",
    "interval": {"days": 7, "seconds": 0},
}  # fmt: skip
ALERT_SECONDS, RECOVERY_SECONDS = 150, 270
"""Windows of a minute, evaluated each minute: the alert needs one or two, the recovery two or three."""


def _declare(url: str) -> None:
    """Create the monitor, and the team that it pages."""
    with httpx.Client(base_url=url, headers=KEYS, timeout=30) as client:

        def send(path: str, kind: str, attributes: Any, method: str = "POST") -> Any:
            body = {"data": {"type": kind, "attributes": attributes}}
            return client.request(method, f"/api/v2/{path}", json=body).raise_for_status().json()["data"]

        person = client.get("/api/v2/users").json()["data"][0]["id"]
        team = send("team", "team", {"handle": "llm-platform", "name": "LLM platform"})["id"]
        layer = {**LAYER, "members": [{"user": {"id": person}}]}
        schedule = send("on-call/schedules", "schedules", {"name": "Primary", "time_zone": "UTC", "layers": [layer]})
        step = {"assignment": "default", "escalate_after_seconds": 300,
                "targets": [{"id": schedule["id"], "type": "schedules"}]}  # fmt: skip
        policy = send(
            "on-call/escalation-policies",
            "policies",
            {"name": "page", "retries": 0, "resolve_page_on_policy_end": False, "steps": [step]},
        )
        rules = [{"policy_id": policy["id"], "urgency": "high", "query": ""}]
        send(f"on-call/teams/{team}/routing-rules", "team_routing_rules", {"rules": rules}, "PUT")
        client.post("/api/v1/monitor", json=ERRORS).raise_for_status()


@pytest.mark.slow
@needs_chromium
def test_an_outage_alerts_pages_and_recovers_on_the_page(tmp_path: Path) -> None:
    with (
        servers(tmp_path, THEATER="on") as (settings, service),
        tab(tmp_path, viewport={"width": 1400, "height": 1000}) as browser,
    ):
        _declare(settings.datadog_url)
        page = browser.page
        page.goto(service.url)
        page.get_by_role("button", name="Outage").click()
        for step in ("alert", "page"):
            expect(page.locator(f".story [data-step={step}]")).to_have_class("reached", timeout=ALERT_SECONDS * 1000)
        expect(page.locator("[data-alert=requests-fail]")).to_contain_text("Alert")
        expect(page.get_by_role("img", name="The monitor's series and its thresholds; Chat errors")).to_be_visible()
        page.get_by_role("button", name="End the failure").click()
        recovery = page.locator(".story [data-step=recovery]")
        expect(recovery).to_have_class("reached", timeout=RECOVERY_SECONDS * 1000)
        expect(page.locator("[data-alert=requests-fail]")).to_contain_text("OK")
        expect(page.locator(".events")).to_contain_text("Page resolved")


@pytest.mark.slow
@needs_chromium
def test_where_callers_need_a_token_the_page_asks_for_the_operators(tmp_path: Path) -> None:
    with servers(tmp_path, THEATER="on", API_AUTH="token") as (_, service), tab(tmp_path) as browser:
        page = browser.page
        page.goto(service.url)
        expect(page.get_by_role("alert")).to_contain_text("A token is needed")
        page.get_by_label("Operator's token").fill("a-wrong-token")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("A token is needed")
        page.get_by_label("Operator's token").fill(TOKEN)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("group", name="Failures")).to_be_visible()
