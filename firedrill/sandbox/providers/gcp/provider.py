"""The Google Cloud provider: its configuration, its table and its functions."""

import httpx

from firedrill.sandbox import settings
from firedrill.sandbox.google.metadata import PROJECT_NUMBER
from firedrill.sandbox.providers.gcp import data, iam, project, run
from firedrill.sandbox.providers.gcp.cloud import Cloud
from firedrill.sandbox.providers.resource import TableProvider
from firedrill.sandbox.providers.values import Properties

VERSION = "10.2.0"
"""The SDK's: the engine warns when a provider is older."""

FAMILIES = (run, data, iam, project)


def provider(url: str = "", transport: httpx.BaseTransport | None = None) -> TableProvider:
    """The provider over the Google Cloud at ``url``: by default the sandbox's that the environment names."""
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
    kinds = {token: kind for family in FAMILIES for token, kind in family.kinds(cloud).items()}
    return TableProvider("gcp", VERSION, kinds, functions, configure)
