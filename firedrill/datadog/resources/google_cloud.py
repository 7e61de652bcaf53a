"""The integration with Google Cloud (https://docs.datadoghq.com/api/latest/gcp-integration/)."""

from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import TEXT_SET, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import Json

_NAMESPACES = SetOf(Object((Property("id"), Property("disabled"), Property("filters"))))
_RESOURCES = SetOf(Object((Property("type"), Property("filters", TEXT_SET))))
_SWITCHES = (
    *("isGlobalLocationEnabled", "isPerProjectQuotaEnabled"),
    *("isResourceChangeCollectionEnabled", "resourceCollectionEnabled"),
)


def _without_email_in_update(write: Write, body: Json) -> Json:
    """Remove the service account, which cannot be changed, from an update."""
    if write.action == "update":
        body["attributes"].pop("client_email", None)
    return body


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:gcp/integrationSts:IntegrationSts": jsonapi(
            account,
            "gcp_service_account",
            "/api/v2/integration/gcp/accounts",
            Property("clientEmail", required=True, replace=True),
            *(Property(name, computed=True) for name in _SWITCHES),
            *(Property(name, computed=True, if_absent=False) for name in ("automute", "isCspmEnabled")),
            Property("isSecurityCommandCenterEnabled", default=False),
            Property("isOrgFolderResourceCollectionEnabled", local=True),
            Property("accountTags", TEXT_SET, if_absent=[]),
            Property("hostFilters", TEXT_SET, if_absent=[], computed=True),
            Property("cloudRunRevisionFilters", TEXT_SET, if_absent=[], computed=True),
            Property("regionFilterConfigs", TEXT_SET, if_absent=[], computed=True),
            Property("metricNamespaceConfigs", _NAMESPACES, computed=True),
            Property("monitoredResourceConfigs", _RESOURCES, if_absent=[], computed=True),
            Property("delegateAccountEmail", at="/meta/delegate_account_email", output=True),
            read_at="GET /api/v2/integration/gcp/accounts",
            envelope=JsonApi("gcp_service_account", update_id="none"),
            adjust_body=_without_email_in_update,
        ),
    }
