"""How a user is reached: On-Call notification channels and rules; and the integration with Google Cloud."""

from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import TEXT_SET, Unordered
from firedrill.sandbox.providers.datadog.objects import Field, Object, Variant
from firedrill.sandbox.providers.datadog.shapes import INT, TEXT, Json, Within

_PHONE = Variant((Field("number"),), constants={"type": "phone"}, own=lambda answer: answer.get("type") == "phone")
_EMAIL = Variant(
    (Field("address"), Field("formats")), constants={"type": "email"}, own=lambda answer: answer.get("type") == "email"
)
_METHOD = Variant((Field("method"),), constants={"type": "phone"}, own=lambda answer: answer.get("type") == "phone")
_NAMESPACES = Unordered(Object((Field("id"), Field("disabled"), Field("filters"))))
_RESOURCES = Unordered(Object((Field("type"), Field("filters", TEXT_SET))))
_SWITCHES = (
    *("automute", "isCspmEnabled", "isGlobalLocationEnabled", "isPerProjectQuotaEnabled"),
    *("isResourceChangeCollectionEnabled", "resourceCollectionEnabled"),
)


def _keep_email(step: Step, body: Json) -> Json:
    """The service account of an integration is fixed once it is there."""
    if step.doing == "update":
        body["attributes"].pop("client_email", None)
    return body


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    user = "/api/v2/on-call/users/{userId}"
    rules = f"{user}/notification-rules"
    return {
        "datadog:index/onCallUserNotificationChannel:OnCallUserNotificationChannel": jsonapi(
            account,
            "notification_channels",
            f"{user}/notification-channels",
            Field("userId", local=True, required=True, replace=True),
            Field("phone", _PHONE, at="config"),
            Field("email", _EMAIL, at="config"),
            update_at=None,
            within="userId",
            apart=",",
        ),
        "datadog:index/onCallUserNotificationRule:OnCallUserNotificationRule": jsonapi(
            account,
            "notification_rules",
            rules,
            Field("userId", local=True, required=True, replace=True),
            Field(
                "channelId",
                Within(("id",), TEXT, (("type", "notification_channels"),)),
                at="/relationships/channel/data",
                required=True,
                replace=True,
            ),
            Field("category", required=True),
            Field("delayMinutes", INT, required=True),
            Field("phone", _METHOD, at="channel_settings", replace=True),
            update_at=f"PUT {rules}/{{id}}",
            within="userId",
            apart=",",
        ),
        "datadog:gcp/integrationSts:IntegrationSts": jsonapi(
            account,
            "gcp_service_account",
            "/api/v2/integration/gcp/accounts",
            Field("clientEmail", required=True, replace=True),
            *(Field(name, computed=True) for name in _SWITCHES),
            Field("isSecurityCommandCenterEnabled", default=False),
            Field("isOrgFolderResourceCollectionEnabled", local=True),
            Field("accountTags", TEXT_SET, empty=[]),
            Field("hostFilters", TEXT_SET, empty=[], computed=True),
            Field("cloudRunRevisionFilters", TEXT_SET, empty=[], computed=True),
            Field("regionFilterConfigs", TEXT_SET, empty=[], computed=True),
            Field("metricNamespaceConfigs", _NAMESPACES, computed=True),
            Field("monitoredResourceConfigs", _RESOURCES, empty=[], computed=True),
            Field("delegateAccountEmail", at="/meta/delegate_account_email", output=True),
            read_at="GET /api/v2/integration/gcp/accounts",
            adapt=_keep_email,
        ),
    }
