"""The Google Cloud provider: its configuration, resource kinds and functions."""

import httpx

from firedrill import settings
from firedrill.provider.resource import TableProvider
from firedrill.provider.values import Properties
from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import cloud_run, iam, project, secret_manager, storage
from firedrill.sandbox.providers.gcp.cloud import Cloud

VERSION = "10.2.0"
"""The version of the SDK: the engine warns about an older provider."""

TABLES = (cloud_run, secret_manager, storage, iam, project)


def provider(url: str = "", transport: httpx.BaseTransport | None = None) -> TableProvider:
    """Return the provider for the Google Cloud at ``url``, by default that of the configured sandbox."""
    cloud = Cloud(url or settings.from_environment().google_url, transport)

    def configure(config: Properties) -> None:
        cloud.project = str(config.get("project") or "")
        cloud.region = str(config.get("region") or "")

    def get_project(arguments: Properties) -> Properties:
        name = str(arguments.get("projectId") or cloud.project)
        return {"id": f"projects/{name}", "projectId": name, "name": name, "number": PROJECT_NUMBER, "labels": {}}

    def get_client_config(_arguments: Properties) -> Properties:
        place = {"project": cloud.project, "region": cloud.region, "zone": ""}
        return {"id": f"projects/{cloud.project}", "accessToken": "sandbox", "defaultLabels": {}, **place}

    functions = {
        "gcp:organizations/getProject:getProject": get_project,
        "gcp:organizations/getClientConfig:getClientConfig": get_client_config,
    }
    kinds = {token: kind for table in TABLES for token, kind in table.kinds(cloud).items()}
    return TableProvider("gcp", VERSION, kinds, functions, configure)
