"""Downtimes (https://docs.datadoghq.com/api/latest/downtimes/)."""

from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import TEXT_SET, Listed
from firedrill.sandbox.providers.datadog.objects import NULL, Field, Object, Variant, get
from firedrill.sandbox.providers.datadog.shapes import INSTANT, INT, Json
from firedrill.sandbox.providers.resource import CheckFailure
from firedrill.sandbox.providers.values import Properties

_RECURRENCE = Object((Field("duration"), Field("rrule"), Field("start", computed=True)))
_RECURRING = Variant(
    (Field("timezone", computed=True), Field("recurrences", Listed(_RECURRENCE))),
    own=lambda schedule: "recurrences" in schedule,
)
_ONCE = Variant(
    (Field("start", INSTANT, computed=True), Field("end", INSTANT, empty=NULL)),
    own=lambda schedule: "recurrences" not in schedule,
)


def _adapt(step: Step, body: Json) -> Json:
    """What an update no longer says must be unset."""
    if step.doing == "update":
        for name in ("display_timezone", "message"):
            body["attributes"].setdefault(name, None)
        body["attributes"].setdefault("mute_first_recovery_notification", False)
    return body


def _faults(inputs: Properties) -> list[CheckFailure]:
    if not inputs.get("oneTimeSchedule") and not inputs.get("recurringSchedule"):
        return [CheckFailure("oneTimeSchedule", "give oneTimeSchedule or recurringSchedule")]
    return []


def _live(_api: Api, _id: str, resource: Json) -> Json:
    """A cancelled downtime is answered for a while, but is over."""
    return None if get(resource, ["attributes", "canceled"]) else resource


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/downtimeSchedule:DowntimeSchedule": jsonapi(
            account,
            "downtime",
            "/api/v2/downtime",
            Field("scope", required=True),
            Field(
                "monitorIdentifier", Object((Field("monitorId", INT), Field("monitorTags", TEXT_SET))), required=True
            ),
            Field("message"),
            Field("displayTimezone", computed=True),
            Field("muteFirstRecoveryNotification", computed=True),
            Field("notifyEndStates", TEXT_SET, computed=True),
            Field("notifyEndTypes", TEXT_SET, computed=True),
            Field("oneTimeSchedule", _ONCE, at="schedule"),
            Field("recurringSchedule", _RECURRING, at="schedule"),
            adapt=_adapt,
            faults=_faults,
            complete=_live,
        ),
    }
