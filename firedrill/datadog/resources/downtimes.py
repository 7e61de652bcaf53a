"""Downtimes (https://docs.datadoghq.com/api/latest/downtimes/)."""

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import TEXT_SET, ListOf
from firedrill.datadog.mapping.objects import NULL, Object, Property, Variant, get
from firedrill.datadog.mapping.schema import INSTANT, INT, Json
from firedrill.provider.resource import ProviderError

_RECURRENCE = Object((Property("duration"), Property("rrule"), Property("start", computed=True)))
_RECURRING = Variant(
    (Property("timezone", computed=True), Property("recurrences", ListOf(_RECURRENCE))),
    matches=lambda schedule: "recurrences" in schedule,
)
_ONCE = Variant(
    (Property("start", INSTANT, computed=True), Property("end", INSTANT, if_absent=NULL)),
    matches=lambda schedule: "recurrences" not in schedule,
)


def _adapt(write: Write, body: Json) -> Json:
    """Unset in an update what is no longer declared."""
    if write.action == "update":
        for name in ("display_timezone", "message"):
            body["attributes"].setdefault(name, None)
        body["attributes"].setdefault("mute_first_recovery_notification", False)
        schedule = body["attributes"].get("schedule") or {}
        if "recurrences" in schedule:
            schedule.setdefault("timezone", "")
        elif schedule:
            schedule.setdefault("start", None)
        for recurrence in schedule.get("recurrences") or []:
            recurrence.setdefault("start", None)
    return body


def _check_schedule(write: Write) -> None:
    """Raise ProviderError without a schedule, which the published provider finds as late."""
    if not write.inputs.get("oneTimeSchedule") and not write.inputs.get("recurringSchedule"):
        raise ProviderError("one_time_schedule or recurring_schedule must be set")


def _without_canceled(_client: DatadogClient, _id: str, resource: Json) -> Json:
    """Treat a canceled downtime, which the API still answers for a while, as deleted."""
    return None if get(resource, ["attributes", "canceled"]) else resource


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/downtimeSchedule:DowntimeSchedule": jsonapi(
            account,
            "downtime",
            "/api/v2/downtime",
            Property("scope", required=True),
            Property(
                "monitorIdentifier",
                Object((Property("monitorId", INT), Property("monitorTags", TEXT_SET))),
                required=True,
            ),
            Property("message"),
            Property("displayTimezone", computed=True),
            Property("muteFirstRecoveryNotification", computed=True),
            Property("notifyEndStates", TEXT_SET, computed=True),
            Property("notifyEndTypes", TEXT_SET, computed=True),
            Property("oneTimeSchedule", _ONCE, at="schedule"),
            Property("recurringSchedule", _RECURRING, at="schedule"),
            envelope=JsonApi("downtime", update_id="empty"),
            adjust_body=_adapt,
            before_write=_check_schedule,
            complete_read=_without_canceled,
        ),
    }
