"""Notification rules of monitors: https://docs.datadoghq.com/api/latest/monitors/ ."""

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.http.collection import Collection
from firedrill.sandbox.datadog.http.handler import ApiError, Call
from firedrill.sandbox.datadog.store import Body

RULES = "monitor_notification_rules"


def complete_rule(call: Call, data: Body, old: Body | None) -> None:
    """Set author and times. Raises :class:`ApiError` 400 for recipients that are missing or begin with ``@``."""
    attributes = data["attributes"]
    conditional = (attributes.get("conditional_recipients") or {}).get("conditions") or []
    handles = [
        *(attributes.get("recipients") or []),
        *(recipient for rule in conditional for recipient in rule["recipients"]),
    ]
    if any(handle.startswith("@") for handle in handles):
        raise ApiError(400, "Invalid recipients: Recipient handle should not start with '@'")
    if not handles:
        raise ApiError(400, "Invalid recipients: recipients or conditional_recipients is required")
    attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
    attributes["modified_at"] = iso(call.now)
    data["relationships"] = {"created_by": {"data": {"type": "users", "id": call.me["id"]}}}
    if old is not None:  # the recipients of one form replace those of the other
        requested = call.body["data"]["attributes"]
        for key, other in (("recipients", "conditional_recipients"), ("conditional_recipients", "recipients")):
            if key in requested and other not in requested:
                attributes.pop(other, None)


def author(call: Call) -> Body:
    """Return the caller as responses include it."""
    attributes = {key: value for key, value in call.me["attributes"].items() if key != "mfa_enabled"}
    return {"type": "users", "id": call.me["id"], "attributes": attributes}


def rule_response(call: Call, data: Body) -> Body:
    """Return a rule; writes include the author, reads do so when asked."""
    if call.operation.method == "GET" and "created_by" not in call.query.get("include", ""):
        return {"data": {key: value for key, value in data.items() if key != "relationships"}}
    return {"data": data, "included": [author(call)]}


Collection(
    RULES,
    "monitor-notification-rule",
    "rule_id",
    create="create_monitor_notification_rule",
    get="get_monitor_notification_rule",
    list="get_monitor_notification_rules",
    update="update_monitor_notification_rule",
    delete="delete_monitor_notification_rule",
    created=200,
    complete=complete_rule,
    not_found=lambda _: "Monitor Notification Rule not found",
    wrap=rule_response,
    wrap_list=lambda _, data: {
        "data": [{key: value for key, value in rule.items() if key != "relationships"} for rule in data]
    },
).register()
