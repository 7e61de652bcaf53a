"""Take the pictures of the console: ``.venv/bin/python docs/record_console.py``.

The checkout's sandbox runs, with the stack up. Gemini throttles for the pictures, until the alert on it fires.
"""

import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from firedrill import settings  # noqa: E402
from firedrill.sandbox import chromium  # noqa: E402

IMAGES = ROOT / "docs" / "img"
SIZE = {"width": 1280, "height": 800}
ALERT = "Gemini throttling (429)"
ASK_SECONDS, WAIT_SECONDS = 2.0, 900.0
SIZE_LIMIT = 150_000
"""Bytes of a picture."""


def throttled_until_alert(sandbox: settings.Settings, api: httpx.Client) -> int:
    """Let Gemini throttle and people ask, until the alert has fired for some minutes; return the monitor's id."""
    failures = f"{sandbox.google_url}/-/gemini/failures"
    httpx.post(failures, json={"mode": "throttled", "share": 0.8}, timeout=10)
    end, fired = time.monotonic() + WAIT_SECONDS, 0.0
    try:
        while time.monotonic() < end:
            httpx.post(f"{sandbox.service_url}/v1/chat", json={"message": "What is an error budget?"}, timeout=60)
            time.sleep(ASK_SECONDS)
            monitors = api.get("/api/v1/monitor").json()
            alert = next(monitor for monitor in monitors if ALERT in monitor["name"])
            fired = fired or (time.monotonic() if alert["overall_state"] == "Alert" else 0.0)
            if fired and time.monotonic() - fired > 180:
                return int(alert["id"])
    finally:
        httpx.delete(failures, timeout=10)
    raise SystemExit(f"{ALERT} did not fire in {WAIT_SECONDS:.0f} s: is the stack up? `make up`")


def picture(page: Page, sandbox: settings.Settings, name: str, path: str) -> None:
    """Save the picture of a page when all of it is drawn."""
    page.goto(sandbox.datadog_url + path)
    page.wait_for_selector("main .page :first-child")
    page.wait_for_selector("main .loading", state="detached")
    page.wait_for_load_state("networkidle")
    file = IMAGES / f"console-{name}.png"
    page.screenshot(path=file)
    if file.stat().st_size > SIZE_LIMIT:
        raise SystemExit(f"{file} has {file.stat().st_size} bytes: make the page's content smaller")


def incident_and_notebook(sandbox: settings.Settings) -> tuple[str, str]:
    """Open an incident at the service, and return the paths of its page and of the notebook that it writes."""
    incident = {"title": "Chats fail with 429", "severity": "SEV-2", "customer_impacted": True}
    opened = httpx.post(f"{sandbox.service_url}/datadog/incidents", json=incident, timeout=60).raise_for_status().json()
    return f"/incidents/{opened['incident_id']}", urlsplit(opened["notebook"]).path


def failed_trace(api: httpx.Client) -> str:
    """Return the id of the newest trace of a failed chat."""
    search = {"filter[query]": "status:error resource_name:*chat* operation_name:flask.request", "page[limit]": "1"}
    found = api.get("/api/v2/spans/events", params=search).json()["data"]
    return str(found[0]["attributes"]["trace_id"])


def main() -> None:
    """Take all pictures."""
    sandbox = settings.from_environment()
    keys = {"DD-API-KEY": settings.API_KEY, "DD-APPLICATION-KEY": settings.APP_KEY}
    with httpx.Client(base_url=sandbox.datadog_url, headers=keys, timeout=30) as api, sync_playwright() as playwright:
        monitor = throttled_until_alert(sandbox, api)
        browser = playwright.chromium.launch(executable_path=chromium.PATH, args=list(chromium.FLAGS))
        page = browser.new_page(viewport=SIZE)
        boards = api.get("/api/v1/dashboard").json()["dashboards"]
        overview = next(board["id"] for board in boards if board["title"].endswith("Overview"))
        picture(page, sandbox, "dashboard", f"/dashboard/{overview}")
        picture(page, sandbox, "monitor", f"/monitors/{monitor}?live=15m")
        picture(page, sandbox, "trace", f"/apm/trace/{failed_trace(api)}")
        picture(page, sandbox, "map", "/service-map")
        incident, notebook = incident_and_notebook(sandbox)
        picture(page, sandbox, "incident", incident)
        picture(page, sandbox, "notebook", notebook)
        browser.close()


if __name__ == "__main__":
    main()
