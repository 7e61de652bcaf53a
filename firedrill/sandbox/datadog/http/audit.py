"""The audit trail: who changed which object, when and with what client.

Each object that a call changes becomes an event of the track ``audit``, in the form of
https://docs.datadoghq.com/api/latest/audit/. Event names are those of
https://docs.datadoghq.com/account_management/audit_trail/events/ where it has them; other kinds are named after
themselves.
"""

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.http.handler import Call
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

TRACK = "audit"
NAMES = {
    "monitors": ("Monitor", "monitor"),
    "dashboards": ("Dashboard", "dashboard"),
    "notebooks": ("Notebook", "notebook"),
    "slos": ("SLO", "slo"),
    "slo_corrections": ("SLO", "slo_correction"),
    "synthetics_tests": ("Synthetics Monitoring", "synthetics_test"),
    "synthetics_variables": ("Synthetics Monitoring", "synthetics_variable"),
    "logs_pipelines": ("Log Management", "pipeline"),
    "logs_indexes": ("Log Management", "index"),
}
"""Event name and asset type by kind."""
ACTIONS = {"POST": "created", "PUT": "modified", "PATCH": "modified", "DELETE": "deleted"}


def record(call: Call, store: TelemetryStore) -> None:
    """Append an event for each object that a call changed."""
    user = call.me
    moment = call.now.timestamp()
    events = []
    for kind, identifier in dict.fromkeys(call.changes):
        name, asset = NAMES.get(kind, (kind.replace("_", " ").title(), kind.removesuffix("s")))
        details: Body = {
            "evt": {"name": name, "actor": {"type": "USER"}},
            "action": ACTIONS[call.operation.method],
            "asset": {"type": asset, "id": identifier, "name": _title(call.get(kind, identifier))},
            "usr": {"id": user["id"], "email": user["attributes"]["email"], "name": user["attributes"]["name"]},
            "http": {
                "method": call.operation.method,
                "url_details": {"path": call.operation.path},
                "useragent": call.user_agent,
            },
        }
        attributes = {
            "timestamp": iso(call.now, "milliseconds"),
            "service": "datadog",
            "tags": [],
            "attributes": details,
        }
        events.append(Event(moment, TRACK, attributes))
    store.append_events(events)


def _title(body: Body | None) -> str | None:
    parts = (body or {}, (body or {}).get("attributes") or {}, ((body or {}).get("data") or {}).get("attributes") or {})
    return next((part[key] for part in parts for key in ("name", "title") if isinstance(part.get(key), str)), None)
