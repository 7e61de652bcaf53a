"""The Datadog provider: its configuration, and the table of all kinds and functions."""

import os

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.kind import ConfiguredAccount
from firedrill.datadog.resources import (
    access,
    apm,
    automation,
    catalog,
    cost,
    dashboards,
    downtimes,
    functions,
    google_cloud,
    incidents,
    logs,
    metrics,
    monitor_rules,
    monitors,
    on_call,
    on_call_users,
    pipelines,
    rum,
    scanner,
    slos,
    synthetics,
    synthetics_settings,
    teams,
)
from firedrill.provider.resource import ResourceKind, TableProvider
from firedrill.provider.values import Properties

VERSION = "5.17.0"
"""The SDK's: the engine warns when a provider is older."""

FAMILIES = (
    monitors,
    monitor_rules,
    downtimes,
    slos,
    dashboards,
    automation,
    on_call,
    on_call_users,
    google_cloud,
    teams,
    pipelines,
    synthetics,
    synthetics_settings,
    access,
    logs,
    apm,
    metrics,
    rum,
    incidents,
    scanner,
    catalog,
    cost,
)


def configured_client(config: Properties, default: DatadogClient) -> DatadogClient:
    """Return the client of the provider's configuration, else of DD_HOST, DD_API_KEY, DD_APP_KEY, else the default."""
    url = config.get("apiUrl") or os.environ.get("DD_HOST") or default.url
    api_key = config.get("apiKey") or os.environ.get("DD_API_KEY") or default.api_key
    app_key = config.get("appKey") or os.environ.get("DD_APP_KEY") or default.app_key
    return DatadogClient(str(url).rstrip("/"), str(api_key), str(app_key), default.transport)


def provider(client: DatadogClient | None = None) -> TableProvider:
    """Return the provider of one account: the client's, until the engine configures another.

    Without a client and without a configuration it can only map inputs to requests.
    """
    default = client or DatadogClient("https://api.datadoghq.com", "", "")
    account = ConfiguredAccount(default)

    def configure(config: Properties) -> None:
        account.client = configured_client(config, default)

    kinds: dict[str, ResourceKind] = {}
    for family in FAMILIES:
        kinds.update(family.kinds(account))
    return TableProvider("datadog", VERSION, kinds, functions.functions(account), configure)
