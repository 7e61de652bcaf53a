"""Monitor notification rules and config policies (https://docs.datadoghq.com/api/latest/monitors/)."""

import json
from typing import Final

from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import TEXT_SET, Unordered
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, Json, JsonText, canonical, is_zero
from firedrill.sandbox.providers.values import Properties, Value

_CONDITION = Object((Field("scope"), Field("recipients", TEXT_SET)))
_CONDITIONAL = Object((Field("conditions", Unordered(_CONDITION)), Field("fallbackRecipients", TEXT_SET)))
_ANSWERED_ONLY: Final = (
    *("id", "created", "created_at", "creator", "deleted", "matching_downtimes", "modified", "multi", "org_id"),
    *("overall_state", "overall_state_modified", "url"),
)


class _MonitorText(JsonText):
    """A monitor's JSON without what Datadog adds to it."""

    def _read(self, answer: Json) -> Value:
        return json.dumps(_own_part(answer), separators=(",", ":"), sort_keys=True)

    def _key(self, value: Value) -> object:
        try:
            return canonical(_own_part(json.loads(value)))
        except (TypeError, ValueError):
            return value


def _own_part(monitor: Json) -> Json:
    own = {key: value for key, value in monitor.items() if key not in _ANSWERED_ONLY and not is_zero(value)}
    if isinstance(own.get("options"), dict):
        own["options"] = {key: value for key, value in own["options"].items() if not is_zero(value)}
    if own.get("type") == "metric alert":
        own["type"] = "query alert"  # Datadog answers either for the other
    if isinstance(own.get("tags"), list):
        own["tags"] = sorted(own["tags"])
    return own


def _text_of(resource: Json, declared: Properties) -> Json:
    """The answer's part that the program speaks of: Datadog fills in every option."""
    said = json.loads(declared["monitor"]) if declared.get("monitor") else resource
    found = {key: resource.get(key) for key in said if key != "options"}
    options = resource.get("options") or {}
    found["options"] = {key: options.get(key) for key in said.get("options") or {}}
    return {"monitor": found, "url": resource.get("url")}


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/monitorNotificationRule:MonitorNotificationRule": jsonapi(
            account,
            "monitor-notification-rule",
            "/api/v2/monitor/notification_rule",
            Field("name", required=True),
            Field("filter", Object((Field("scope"), Field("tags", TEXT_SET))), required=True),
            Field("recipients", TEXT_SET),
            Field("conditionalRecipients", _CONDITIONAL),
            Field("bundleConfig", Object((Field("duration", INT),)), local=True),
        ),
        "datadog:index/monitorConfigPolicy:MonitorConfigPolicy": jsonapi(
            account,
            "monitor-config-policy",
            "/api/v2/monitor/policy",
            Field("policyType", required=True, replace=True),
            Field(
                "tagPolicy",
                Object((Field("tagKey", replace=True), Field("tagKeyRequired"), Field("validTagValues"))),
                at="policy",
            ),
            envelope=JsonApi("monitor-config-policy"),
            adapt=_policy,
        ),
        "datadog:index/monitorJson:MonitorJson": plain(
            account,
            "/api/v1/monitor",
            Object((Field("monitor", _MonitorText(), required=True), Field("url", computed=True))),
            adapt=lambda _, body: body["monitor"],
            normalize=_text_of,
        ),
    }


def _policy(step: Step, body: Json) -> Json:
    """The key of a tag policy is fixed once it is there."""
    if step.doing == "update":
        (body["attributes"].get("policy") or {}).pop("tag_key", None)
    return body
