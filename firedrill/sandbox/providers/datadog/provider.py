"""The Datadog provider: its configuration and its table."""

import os

import httpx

from firedrill.sandbox import settings
from firedrill.sandbox.providers.datadog import (
    access,
    automation,
    catalog,
    dashboards,
    datastores,
    downtimes,
    functions,
    incidents,
    logs,
    monitor_rules,
    monitors,
    oncall,
    paging,
    pipelines,
    scanner,
    slos,
    spans,
    synthetics,
    synthetics_settings,
    teams,
)
from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.providers.datadog.kind import Account
from firedrill.sandbox.providers.resource import ResourceKind, TableProvider
from firedrill.sandbox.providers.values import Properties

VERSION = "5.17.0"
"""The SDK's: the engine warns when a provider is older."""

FAMILIES = (
    monitors,
    monitor_rules,
    downtimes,
    slos,
    dashboards,
    automation,
    oncall,
    paging,
    teams,
    pipelines,
    synthetics,
    synthetics_settings,
    access,
    logs,
    spans,
    incidents,
    scanner,
    catalog,
    datastores,
)


def api(config: Properties, transport: httpx.BaseTransport | None = None) -> Api:
    """The account that is configured: by provider config, else DD_HOST, DD_API_KEY, DD_APP_KEY, else the sandbox's."""
    url = config.get("apiUrl") or os.environ.get("DD_HOST") or settings.from_environment().datadog_url
    api_key = config.get("apiKey") or os.environ.get("DD_API_KEY") or settings.API_KEY
    app_key = config.get("appKey") or os.environ.get("DD_APP_KEY") or settings.APP_KEY
    return Api(str(url).rstrip("/"), str(api_key), str(app_key), transport)


def provider(transport: httpx.BaseTransport | None = None) -> TableProvider:
    """The provider. It works for one account at a time: the one of the last configuration."""
    account = Account(api({}, transport))

    def configure(config: Properties) -> None:
        account.api = api(config, transport)

    kinds: dict[str, ResourceKind] = {}
    for family in FAMILIES:
        kinds.update(family.kinds(account))
    return TableProvider("datadog", VERSION, kinds, functions.functions(account), configure)
