"""Monitor notification rules and config policies (https://docs.datadoghq.com/api/latest/monitors/)."""

import json
from typing import Final

from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi, plain
from firedrill.datadog.mapping.lists import TEXT_SET, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, Json, JsonText, canonical, is_zero
from firedrill.provider.resource import ProviderError
from firedrill.provider.values import Properties, Value

_CONDITION = Object((Property("scope"), Property("recipients", TEXT_SET)))
_CONDITIONAL = Object((Property("conditions", SetOf(_CONDITION)), Property("fallbackRecipients", TEXT_SET)))
_ANSWERED_ONLY: Final = (
    *("id", "created", "created_at", "creator", "deleted", "matching_downtimes", "modified", "multi", "org_id"),
    *("overall_state", "overall_state_modified", "url"),
)


class _MonitorText(JsonText):
    """A monitor's JSON, without the parts that Datadog adds."""

    def _read(self, answer: Json) -> Value:
        return json.dumps(_authored_part(answer), separators=(",", ":"), sort_keys=True)

    def _key(self, value: Value) -> object:
        try:
            return canonical(_authored_part(json.loads(value)))
        except (TypeError, ValueError):
            return value


def _authored_part(monitor: Json) -> Json:
    declared = {key: value for key, value in monitor.items() if key not in _ANSWERED_ONLY and not is_zero(value)}
    if isinstance(declared.get("options"), dict):
        declared["options"] = {key: value for key, value in declared["options"].items() if not is_zero(value)}
    if declared.get("type") == "metric alert":
        declared["type"] = "query alert"  # Datadog answers either for the other
    if isinstance(declared.get("tags"), list):
        declared["tags"] = sorted(declared["tags"])
    return declared


def _declared_part(resource: Json, declared: Properties) -> Json:
    """Return the part of an answer that the program declares: Datadog fills in every option."""
    monitor = json.loads(declared["monitor"]) if declared.get("monitor") else resource
    part = {key: resource.get(key) for key in monitor if key != "options"}
    options = resource.get("options") or {}
    part["options"] = {key: options.get(key) for key in monitor.get("options") or {}}
    return {"monitor": part, "url": resource.get("url")}


def _check_tag_policy(write: Write) -> None:
    """Raise ProviderError for a policy of tags without one, as the published provider does before a request."""
    if write.inputs.get("policyType") == "tag" and not write.inputs.get("tagPolicy"):
        raise ProviderError("tag_policy values must be set for tag policy_type")


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/monitorNotificationRule:MonitorNotificationRule": jsonapi(
            account,
            "monitor-notification-rule",
            "/api/v2/monitor/notification_rule",
            Property("name", required=True),
            Property("filter", Object((Property("scope"), Property("tags", TEXT_SET))), required=True),
            Property("recipients", TEXT_SET),
            Property("conditionalRecipients", _CONDITIONAL),
            Property("bundleConfig", Object((Property("duration", INT),)), local=True),
        ),
        "datadog:index/monitorConfigPolicy:MonitorConfigPolicy": jsonapi(
            account,
            "monitor-config-policy",
            "/api/v2/monitor/policy",
            Property("policyType", required=True, replace=True),
            Property(
                "tagPolicy",
                Object((Property("tagKey"), Property("tagKeyRequired"), Property("validTagValues", zero="omit"))),
                at="policy",
            ),
            envelope=JsonApi("monitor-config-policy"),
            before_write=_check_tag_policy,
        ),
        "datadog:index/monitorJson:MonitorJson": plain(
            account,
            "/api/v1/monitor",
            Object((Property("monitor", _MonitorText(), required=True), Property("url", computed=True))),
            adjust_body=lambda _, body: body["monitor"],
            normalize_answer=_declared_part,
        ),
    }
