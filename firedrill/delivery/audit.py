"""The last edit of an object, from Datadog's audit trail (https://docs.datadoghq.com/api/latest/audit/)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from firedrill.datadog.client import DatadogClient, DatadogError
from firedrill.errors import KnownFailure

PAGE = 1000
BATCH = 50
"""Ids in one query."""
RETAINED = "now-90d"
"""The longest retention of audit events: https://docs.datadoghq.com/account_management/audit_trail/"""


@dataclass(frozen=True)
class AuditEdit:
    """One edit of an object. time: ISO 8601; agent: the user agent of the request, "" if not recorded."""

    user: str
    time: str
    action: str
    agent: str

    def __str__(self) -> str:
        moment = self.time[:19].replace("T", " ")
        return f"{self.user} {self.action} it at {moment} UTC" + (f" with {self.agent}" if self.agent else "")


def last_edits(client: DatadogClient, ids: Iterable[str]) -> dict[str, AuditEdit]:
    """Return the last edit of each object that the trail has, by object id.

    Raises:
        KnownFailure: the trail cannot be read (the key lacks ``audit_logs_read``, or the plan has no audit trail).
    """
    edits: dict[str, AuditEdit] = {}
    objects = sorted(set(ids))
    try:
        for first in range(0, len(objects), BATCH):
            names = " OR ".join(f'"{identifier}"' for identifier in objects[first : first + BATCH])
            query = f"@asset.id:({names}) @action:(created OR modified OR deleted)"
            body = {
                "filter": {"query": query, "from": RETAINED, "to": "now"},
                "page": {"limit": PAGE},
                "sort": "-timestamp",
            }
            for event in client.call("POST /api/v2/audit/events/search", body)["data"]:
                attributes = event["attributes"]
                details = attributes.get("attributes") or {}
                edits.setdefault(str((details.get("asset") or {}).get("id")), _edit(attributes, details))
    except DatadogError as error:
        raise KnownFailure(f"the audit trail cannot be read: {error}") from error
    return edits


def _edit(attributes: dict[str, Any], details: dict[str, Any]) -> AuditEdit:
    user = details.get("usr") or {}
    name = user.get("email") or user.get("name") or "an unknown user"
    agent = (details.get("http") or {}).get("useragent") or ""
    return AuditEdit(name, str(attributes.get("timestamp")), details.get("action") or "changed", agent)
