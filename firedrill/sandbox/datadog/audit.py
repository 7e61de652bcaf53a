"""The audit trail: who changed which object, when and with what. https://docs.datadoghq.com/account_management/audit_trail

Each write that the API has done becomes one event for each object it changed, on the track ``audit``, in the form of
https://docs.datadoghq.com/api/latest/audit/. Event names are the documented ones where the page of audit events has
them; other kinds are named after themselves.
"""

from firedrill.evaluate.telemetry import Event
from firedrill.sandbox.datadog.account import USERS, iso
from firedrill.sandbox.datadog.serving import Call
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
    "application_keys": ("Access Management", "application_key"),
}
"""Event name and asset type by kind: https://docs.datadoghq.com/account_management/audit_trail/events/"""
ACTIONS = {"POST": "created", "PUT": "modified", "PATCH": "modified", "DELETE": "deleted"}


def record(call: Call, store: TelemetryStore, application_key: str, agent: str) -> None:
    """Keep what a call has changed. ``agent`` is the caller's User-Agent header."""
    user = _owner(call, application_key)
    moment = call.now.timestamp()
    events = []
    for kind, identifier in dict.fromkeys(call.changes):
        name, asset = NAMES.get(kind, (kind.replace("_", " ").title(), kind.removesuffix("s")))
        details: Body = {
            "evt": {"name": name, "actor": {"type": "USER"}},
            "action": ACTIONS[call.operation.method],
            "asset": {"type": asset, "id": identifier, "name": _title(call.get(kind, identifier))},
            "usr": {"id": user["id"], "email": user["attributes"]["email"], "name": user["attributes"]["name"]},
            "http": {"method": call.operation.method, "url_details": {"path": call.operation.path}, "useragent": agent},
        }
        attributes = {
            "timestamp": iso(call.now, "milliseconds"),
            "service": "datadog",
            "tags": [],
            "attributes": details,
        }
        events.append(Event(moment, TRACK, attributes))
    store.append_events(events)


def _owner(call: Call, application_key: str) -> Body:
    """Whose application key it is; keys that the account does not know are its first user's."""
    for key in call.list("application_keys"):
        if key["attributes"].get("key") == application_key:
            owner = (key["relationships"].get("owned_by") or {}).get("data") or {}
            found = call.get(USERS, str(owner.get("id")))
            return found or call.me
    return call.me


def _title(body: Body | None) -> str | None:
    parts = (body or {}, (body or {}).get("attributes") or {}, ((body or {}).get("data") or {}).get("attributes") or {})
    return next((part[key] for part in parts for key in ("name", "title") if isinstance(part.get(key), str)), None)
