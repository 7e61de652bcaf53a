"""Workflow Automation, action connections, webhooks (https://docs.datadoghq.com/api/latest/workflow-automation/)."""

import re
from typing import Final

from firedrill.sandbox.providers.datadog.envelopes import JsonApi, Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import TEXT_SET, Listed
from firedrill.sandbox.providers.datadog.objects import Field, Object, Variant
from firedrill.sandbox.providers.datadog.shapes import JSON_STRING, JSON_TEXT, Json

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


def _typed(type: str, *fields: Field) -> Variant:
    """An object that its `type` tells from the others."""
    return Variant(fields, constants={"type": type}, own=lambda answer: answer.get("type") == type)


def _integration(name: str, type: str, credentials: dict[str, tuple[str, ...]]) -> Field:
    blocks = []
    for block, (own, *properties) in credentials.items():
        fields = (Field(one, write_only=bool(_CONFIDENTIAL.search(one))) for one in properties)
        blocks.append(Field(block, _typed(own, *fields), at="credentials"))
    return Field(name, _typed(type, *blocks), at="integration")


_PAIRS = Listed(Object((Field("name"), Field("value"))))
_HTTP = _typed(
    "HTTP",
    Field("baseUrl"),
    Field(
        "tokenAuth",
        _typed(
            "HTTPTokenAuth",
            Field("tokens", Listed(Object((Field("name"), Field("type"), Field("value", write_only=True))))),
            Field("headers", _PAIRS),
            Field("urlParameters", _PAIRS),
            Field("body", Object((Field("contentType"), Field("content", elided=True))), empty={}),
        ),
        at="credentials",
    ),
)
_AWS = _typed(
    "AWS",
    Field(
        "assumeRole",
        _typed(
            "AWSAssumeRole",
            Field("accountId"),
            Field("role"),
            Field("externalId", output=True),
            Field("principalId", output=True),
        ),
        at="credentials",
    ),
)


def _mark_deleted(step: Step, body: Json) -> Json:
    """Tokens, headers and parameters go only when an update says so of each."""
    before, now = ((inputs.get("http") or {}).get("tokenAuth") or {} for inputs in (step.old_inputs, step.inputs))
    if step.doing == "update" and step.inputs.get("http"):
        credentials = body["attributes"]["integration"]["credentials"]
        for name, key in (("tokens", "tokens"), ("headers", "headers"), ("urlParameters", "url_parameters")):
            kept = {one["name"] for one in now.get(name) or []}
            gone = [one for one in before.get(name) or [] if one["name"] not in kept]
            marks = [
                {"name": one["name"], "value": "", "deleted": True, **({"type": "SECRET"} if name == "tokens" else {})}
                for one in gone
            ]
            if marks:
                credentials[key] = [*marks, *(credentials.get(key) or [])]
    return body


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    webhooks = "/api/v1/integration/webhooks/configuration"
    return {
        "datadog:index/workflowAutomation:WorkflowAutomation": jsonapi(
            account,
            "workflows",
            "/api/v2/workflows",
            Field("name", required=True),
            Field("description", required=True),
            Field("published", required=True),
            Field("specJson", JSON_TEXT, at="spec", required=True),
            Field("tags", TEXT_SET, required=True),
            Field("webhookSecret", at="webhookSecret", default="", write_only=True),
            Field("runAs", local=True),
            Field("sensitivePrivileges", local=True),
            envelope=JsonApi("workflows", send_id=False),
        ),
        "datadog:index/actionConnection:ActionConnection": jsonapi(
            account,
            "action_connection",
            "/api/v2/actions/connections",
            Field("name", required=True),
            Field("http", _HTTP, at="integration"),
            Field("aws", _AWS, at="integration"),
            *(_integration(*entry) for entry in _INTEGRATIONS),
            Field("tags", local=True),
            envelope=JsonApi("action_connection", send_id=False),
            adapt=_mark_deleted,
        ),
        "datadog:index/webhook:Webhook": plain(
            account,
            f"{webhooks}/webhooks",
            Object(
                (
                    Field("name", required=True),
                    Field("url", required=True),
                    Field("payload", computed=True),
                    Field("customHeaders", JSON_STRING),
                    Field("encodeAs", computed=True),
                )
            ),
            envelope=Plain(id="name"),
        ),
        "datadog:index/webhookCustomVariable:WebhookCustomVariable": plain(
            account,
            f"{webhooks}/custom-variables",
            Object(
                (
                    Field("name", required=True),
                    Field("value", write_only=True),
                    Field("isSecret", required=True),
                )
            ),
            envelope=Plain(id="name"),
        ),
    }
