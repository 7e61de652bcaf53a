"""On-Call notification channels and rules of users (https://docs.datadoghq.com/api/latest/on-call/)."""

from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, jsonapi
from firedrill.datadog.mapping.objects import Property, Variant
from firedrill.datadog.mapping.schema import INT, TEXT, Inside

_PHONE = Variant(
    (Property("number"),), constants={"type": "phone"}, matches=lambda answer: answer.get("type") == "phone"
)
_EMAIL = Variant(
    (Property("address"), Property("formats")),
    constants={"type": "email"},
    matches=lambda answer: answer.get("type") == "email",
)
_METHOD = Variant(
    (Property("method"),), constants={"type": "phone"}, matches=lambda answer: answer.get("type") == "phone"
)


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    user = "/api/v2/on-call/users/{userId}"
    rules = f"{user}/notification-rules"
    return {
        "datadog:index/onCallUserNotificationChannel:OnCallUserNotificationChannel": jsonapi(
            account,
            "notification_channels",
            f"{user}/notification-channels",
            Property("userId", local=True, required=True, replace=True),
            Property("phone", _PHONE, at="config"),
            Property("email", _EMAIL, at="config"),
            update_at=None,
            parent="userId",
            id_separator=",",
        ),
        "datadog:index/onCallUserNotificationRule:OnCallUserNotificationRule": jsonapi(
            account,
            "notification_rules",
            rules,
            Property("userId", local=True, required=True, replace=True),
            Property(
                "channelId",
                Inside(("id",), TEXT, (("type", "notification_channels"),)),
                at="/relationships/channel/data",
                required=True,
                replace=True,
            ),
            Property("category", required=True),
            Property("delayMinutes", INT, required=True),
            Property("phone", _METHOD, at="channel_settings", replace=True),
            update_at=f"PUT {rules}/{{id}}",
            parent="userId",
            id_separator=",",
        ),
    }
