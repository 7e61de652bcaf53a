"""Record the root cause notebook of a drilled incident: ``.venv/bin/python docs/record_notebook.py``.

The sandbox must run (``make up``). Gemini throttles the primary model for the running service until a monitor alerts;
then an incident is opened through the service's API, and its notebook saved as docs/incident-notebook.md, as it is:
only the graphs, which Datadog draws, are replaced by their queries.
"""

import sys
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from firedrill.settings import API_KEY, APP_KEY, Settings, from_environment

PAGE = Path(__file__).parent / "incident-notebook.md"
KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
PRIMARY, FALLBACK = "gemini-3.8-flash", "gemini-3.5-flash-lite"
ALERT = "throttl"
"""A part of the names of the monitors that must alert."""
HEALTHY_SECONDS, LONGEST_SECONDS = 120, 900
HEADER = """# The notebook of an incident

`POST /datadog/incidents` opened an incident while Gemini throttled the running service in the sandbox, and the service
wrote this notebook. `docs/record_notebook.py` recorded it; a graph is shown by its query.

---

"""


def main() -> None:
    """Drill and record."""
    settings = from_environment()
    with httpx.Client(timeout=60) as client:
        _chat(client, settings, HEALTHY_SECONDS)
        failures = f"{settings.google_url}/-/gemini/failures"
        client.post(failures, json={"model": PRIMARY, "mode": "throttled", "share": 0.8}).raise_for_status()
        try:
            deadline = time.monotonic() + LONGEST_SECONDS
            while not _alerts(client, settings):
                if time.monotonic() > deadline:
                    raise SystemExit(f"no monitor on throttling fired in {LONGEST_SECONDS} s")
                _chat(client, settings, 15)
            PAGE.write_text(HEADER + _notebook(client, settings))
        finally:
            client.post(failures, json={"model": "*", "mode": "none"})
    print(f"Written: {PAGE.name}")


def _chat(client: httpx.Client, settings: Settings, seconds: float) -> None:
    """Chat with both models for some time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for model in (PRIMARY, PRIMARY, PRIMARY, FALLBACK):
            client.post(f"{settings.service_url}/v1/chat", json={"message": "What is an SLO?", "model": model})
        time.sleep(0.5)


def _alerts(client: httpx.Client, settings: Settings) -> list[str]:
    """Return the names of the monitors on throttling that are in alert."""
    monitors = client.get(f"{settings.datadog_url}/api/v1/monitor", headers=KEYS).raise_for_status().json()
    return [monitor["name"] for monitor in monitors
            if monitor["overall_state"] == "Alert" and ALERT in monitor["name"].lower()]  # fmt: skip


def _notebook(client: httpx.Client, settings: Settings) -> str:
    """Open an incident and return its notebook as Markdown."""
    incident = {"title": "Chats fail with 429", "severity": "SEV-2", "customer_impacted": True}
    opened = client.post(f"{settings.service_url}/datadog/incidents", json=incident).raise_for_status().json()
    if not opened.get("notebook"):
        raise SystemExit(f"the incident has no notebook: {opened}")
    identifier = opened["notebook"].rpartition("/")[2]
    answer = client.get(f"{settings.datadog_url}/api/v1/notebooks/{identifier}", headers=KEYS).raise_for_status()
    cells = answer.json()["data"]["attributes"]["cells"]
    return "\n\n".join(_markdown(cell["attributes"]["definition"]) for cell in cells) + "\n"


def _markdown(definition: dict[str, Any]) -> str:
    """Return a cell as Markdown."""
    match definition["type"]:
        case "markdown":
            # The page has a title of its own.
            return str(definition["text"]).replace("# Root cause", "## Root cause", 1)
        case "log_stream":
            return f"> Log stream: `{definition['query']}`"
        case _:
            queries = ", ".join(f"`{request['q']}`" for request in definition["requests"])
            return f"> Graph: {definition['title']}: {queries}"


if __name__ == "__main__":
    main()
