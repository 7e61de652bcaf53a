"""Who changed an object, when and with what: Datadog's audit trail. https://docs.datadoghq.com/api/latest/audit/"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from firedrill.errors import KnownFailure
from firedrill.sandbox.providers.datadog.api import Api, ApiError

PAGE = 1000
BATCH = 50
"""Ids in one query."""
RETAINED = "now-90d"
"""The longest that Datadog keeps audit events: https://docs.datadoghq.com/account_management/audit_trail/"""


@dataclass(frozen=True)
class Edit:
    """One change of an object; ``when`` is ISO 8601."""

    who: str
    when: str
    action: str
    agent: str

    def __str__(self) -> str:
        moment = self.when[:19].replace("T", " ")
        return f"{self.who} {self.action} it at {moment} UTC" + (f" with {self.agent}" if self.agent else "")


def last_edits(api: Api, ids: Iterable[str]) -> dict[str, Edit]:
    """The newest change of each object that the trail knows.

    Raises:
        KnownFailure: the trail cannot be read (the key lacks ``audit_logs_read``, or the plan has none).
    """
    found: dict[str, Edit] = {}
    wanted = sorted(set(ids))
    try:
        for first in range(0, len(wanted), BATCH):
            names = " OR ".join(f'"{one}"' for one in wanted[first : first + BATCH])
            query = f"@asset.id:({names}) @action:(created OR modified OR deleted)"
            body = {
                "filter": {"query": query, "from": RETAINED, "to": "now"},
                "page": {"limit": PAGE},
                "sort": "-timestamp",
            }
            for event in api.call("POST /api/v2/audit/events/search", body)["data"]:
                attributes = event["attributes"]
                details = attributes.get("attributes") or {}
                found.setdefault(str((details.get("asset") or {}).get("id")), _edit(attributes, details))
    except ApiError as error:
        raise KnownFailure(f"the audit trail cannot be read: {error}") from error
    return found


def _edit(attributes: dict[str, Any], details: dict[str, Any]) -> Edit:
    user = details.get("usr") or {}
    who = user.get("email") or user.get("name") or "somebody"
    agent = (details.get("http") or {}).get("useragent") or ""
    return Edit(who, str(attributes.get("timestamp")), details.get("action") or "changed", agent)
