"""Workflow Automation, action connections, webhooks (https://docs.datadoghq.com/api/latest/workflow-automation/)."""

import re
from typing import Final

from firedrill.datadog.mapping.envelopes import JsonApi, Plain
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi, plain
from firedrill.datadog.mapping.lists import TEXT_SET, ListOf
from firedrill.datadog.mapping.objects import Object, Property, Variant
from firedrill.datadog.mapping.schema import JSON_STRING, JSON_TEXT, Json

_INTEGRATIONS: Final = (
    ("anthropic", "Anthropic", {"apiKey": ("AnthropicAPIKey", "apiToken")}),
    ("asana", "Asana", {"accessToken": ("AsanaAccessToken", "accessToken")}),
    (
        "azure",
        "Azure",
        {"tenant": ("AzureTenant", "appClientId", "clientSecret", "customScopes", "tenantId")},
    ),
    ("circleCi", "CircleCI", {"apiKey": ("CircleCIAPIKey", "apiToken")}),
    ("clickup", "Clickup", {"apiKey": ("ClickupAPIKey", "apiToken")}),
    (
        "cloudflare",
        "Cloudflare",
        {
            "apiToken": ("CloudflareAPIToken", "apiToken"),
            "globalApiToken": ("CloudflareGlobalAPIToken", "authEmail", "globalApiKey"),
        },
    ),
    ("configCat", "ConfigCat", {"sdkKey": ("ConfigCatSDKKey", "apiPassword", "apiUsername", "sdkKey")}),
    ("datadog", "Datadog", {"apiKey": ("DatadogAPIKey", "apiKey", "appKey", "datacenter", "subdomain")}),
    ("fastly", "Fastly", {"apiKey": ("FastlyAPIKey", "apiKey")}),
    ("freshservice", "Freshservice", {"apiKey": ("FreshserviceAPIKey", "apiKey", "domain")}),
    ("gcp", "GCP", {"serviceAccount": ("GCPServiceAccount", "privateKey", "serviceAccountEmail")}),
    ("gemini", "Gemini", {"apiKey": ("GeminiAPIKey", "apiKey")}),
    ("gitlab", "Gitlab", {"apiKey": ("GitlabAPIKey", "apiToken")}),
    ("greyNoise", "GreyNoise", {"apiKey": ("GreyNoiseAPIKey", "apiKey")}),
    ("launchDarkly", "LaunchDarkly", {"apiKey": ("LaunchDarklyAPIKey", "apiToken")}),
    ("notion", "Notion", {"apiKey": ("NotionAPIKey", "apiToken")}),
    ("okta", "Okta", {"apiToken": ("OktaAPIToken", "apiToken", "domain")}),
    ("openai", "OpenAI", {"apiKey": ("OpenAIAPIKey", "apiToken")}),
    ("serviceNow", "ServiceNow", {"basicAuth": ("ServiceNowBasicAuth", "instance", "password", "username")}),
    ("split", "Split", {"apiKey": ("SplitAPIKey", "apiKey")}),
    ("statsig", "Statsig", {"apiKey": ("StatsigAPIKey", "apiKey")}),
    ("virusTotal", "VirusTotal", {"apiKey": ("VirusTotalAPIKey", "apiKey")}),
)
"""The program's name, the API's type, and each credential: its block, the API's type, its properties."""

_CONFIDENTIAL = re.compile("key|token|secret|password", re.IGNORECASE)


def _typed(type: str, *fields: Property) -> Variant:
    """Return an object that its `type` tells from the others."""
    return Variant(fields, constants={"type": type}, matches=lambda answer: answer.get("type") == type)


def _integration(name: str, type: str, credentials: dict[str, tuple[str, ...]]) -> Property:
    blocks = []
    for block, (credential_type, *properties) in credentials.items():
        fields = (Property(name, write_only=bool(_CONFIDENTIAL.search(name))) for name in properties)
        blocks.append(Property(block, _typed(credential_type, *fields), at="credentials"))
    return Property(name, _typed(type, *blocks), at="integration")


_PAIRS = ListOf(Object((Property("name"), Property("value"))))
_HTTP = _typed(
    "HTTP",
    Property("baseUrl"),
    Property(
        "tokenAuth",
        _typed(
            "HTTPTokenAuth",
            Property(
                "tokens", ListOf(Object((Property("name"), Property("type"), Property("value", write_only=True))))
            ),
            Property("headers", _PAIRS),
            Property("urlParameters", _PAIRS),
            Property("body", Object((Property("contentType"), Property("content", omittable=True))), if_absent={}),
        ),
        at="credentials",
    ),
)
_AWS = _typed(
    "AWS",
    Property(
        "assumeRole",
        _typed(
            "AWSAssumeRole",
            Property("accountId"),
            Property("role"),
            Property("externalId", output=True),
            Property("principalId", output=True),
        ),
        at="credentials",
    ),
)


def _mark_deleted(write: Write, body: Json) -> Json:
    """Mark removed tokens, headers and parameters as deleted: the API keeps those that an update leaves out."""
    before, now = ((inputs.get("http") or {}).get("tokenAuth") or {} for inputs in (write.old_inputs, write.inputs))
    if write.action == "update" and write.inputs.get("http"):
        credentials = body["attributes"]["integration"]["credentials"]
        for name, key in (("tokens", "tokens"), ("headers", "headers"), ("urlParameters", "url_parameters")):
            remaining = {item["name"] for item in now.get(name) or []}
            removed = [item for item in before.get(name) or [] if item["name"] not in remaining]
            marks = [
                {"name": item["name"], "value": "", "deleted": True, **({"type": "SECRET"} if name == "tokens" else {})}
                for item in removed
            ]
            if marks:
                credentials[key] = [*marks, *(credentials.get(key) or [])]
    return body


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    webhooks = "/api/v1/integration/webhooks/configuration"
    return {
        "datadog:index/workflowAutomation:WorkflowAutomation": jsonapi(
            account,
            "workflows",
            "/api/v2/workflows",
            Property("name", required=True),
            Property("description", required=True),
            Property("published", required=True),
            Property("specJson", JSON_TEXT, at="spec", required=True),
            Property("tags", TEXT_SET, required=True),
            Property("webhookSecret", at="webhookSecret", default="", write_only=True),
            Property("runAs", local=True),
            Property("sensitivePrivileges", local=True),
            envelope=JsonApi("workflows", update_id="none"),
        ),
        "datadog:index/actionConnection:ActionConnection": jsonapi(
            account,
            "action_connection",
            "/api/v2/actions/connections",
            Property("name", required=True),
            Property("http", _HTTP, at="integration"),
            Property("aws", _AWS, at="integration"),
            *(_integration(*entry) for entry in _INTEGRATIONS),
            Property("tags", local=True),
            envelope=JsonApi("action_connection", update_id="none"),
            adjust_body=_mark_deleted,
        ),
        "datadog:index/webhook:Webhook": plain(
            account,
            f"{webhooks}/webhooks",
            Object(
                (
                    Property("name", required=True),
                    Property("url", required=True),
                    Property("payload", computed=True),
                    Property("customHeaders", JSON_STRING),
                    Property("encodeAs", computed=True),
                )
            ),
            envelope=Plain(id="name"),
        ),
        "datadog:index/webhookCustomVariable:WebhookCustomVariable": plain(
            account,
            f"{webhooks}/custom-variables",
            Object(
                (
                    Property("name", required=True),
                    Property("value", write_only=True),
                    Property("isSecret", required=True),
                )
            ),
            envelope=Plain(id="name"),
        ),
    }
