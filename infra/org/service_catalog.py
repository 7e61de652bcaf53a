"""The software catalog: the system's components, their dependencies and their owners.

An entity is unique in an organisation, and writing an existing one replaces it silently. The service map has the
dependencies that traces show; the catalog adds the others, and the owners. Entities are JSON with sorted keys, so that
a refresh compares equal texts.
https://docs.datadoghq.com/internal_developer_portal/software_catalog/entity_model/
"""

import json
from typing import Any

import pulumi
import pulumi_datadog as dd

from infra.identity import SERVICE, TEAM
from service.telemetry import WEB_SERVICE

SYSTEM, API, STATE, ARCHIVE, GEMINI = "llm-chat", "llm-chat-api", "llm-api-state", "llm-api-logs", "gemini"
Json = dict[str, Any]


def _entity(kind: str, name: str, display_name: str, description: str, **spec: Any) -> Json:
    metadata: Json = {"name": name, "displayName": display_name, "description": description, "owner": TEAM}
    metadata["tags"] = sorted(["managed_by:pulumi", f"team:{TEAM}"])
    return {"apiVersion": "v3", "kind": kind, "metadata": metadata, "spec": {"lifecycle": "production", **spec}}


IN_SYSTEM = [f"system:{SYSTEM}"]
ENTITIES: dict[str, Json] = {
    # The page from which a person on call sees all components.
    "system": _entity(
        "system",
        SYSTEM,
        "LLM chat",
        "Answers chats with Gemini, by an API and a web page",
        tier="1",
        components=[
            f"service:{SERVICE}",
            f"service:{WEB_SERVICE}",
            f"service:{GEMINI}",
            f"api:{API}",
            f"datastore:{STATE}",
            f"datastore:{ARCHIVE}",
        ],
    ),
    "service": _entity(
        "service",
        SERVICE,
        "LLM API",
        "Flask on Cloud Run: calls Gemini, redacts and emits telemetry",
        tier="1",
        type="web",
        languages=["python"],
        dependsOn=[f"service:{GEMINI}", f"datastore:{STATE}"],
        componentOf=IN_SYSTEM,
    ),
    # No server-side trace shows that the page depends on the API.
    "page": _entity(
        "service",
        WEB_SERVICE,
        "Chat page",
        "Web page for chats; its RUM application has the same name",
        tier="2",
        type="browser",
        languages=["js"],
        dependsOn=[f"service:{SERVICE}"],
        componentOf=IN_SYSTEM,
    ),
    # Google operates it; the owner is the team that switches the model.
    "gemini": _entity(
        "service",
        GEMINI,
        "Gemini on Vertex AI",
        "Google's models. Incidents: https://status.cloud.google.com",
        tier="1",
        type="external",
        componentOf=IN_SYSTEM,
    ),
    "api": _entity(
        "api",
        API,
        "Chat API",
        "Chats, control and operations endpoints; described at /openapi.json",
        type="openapi",
        tier="1",
        implementedBy=[f"service:{SERVICE}"],
    ),
    "state": _entity(
        "datastore",
        STATE,
        "Run-time state",
        "A bucket with one object: the model in use and the cache switch",
        type="gcs",
        tier="1",
        componentOf=IN_SYSTEM,
    ),
    "archive": _entity(
        "datastore",
        ARCHIVE,
        "Log archive",
        "A bucket for each environment, which Datadog writes; read in reviews of incidents",
        type="gcs",
        tier="3",
        componentOf=IN_SYSTEM,
    ),
}


class ServiceCatalog(pulumi.ComponentResource):
    """The entities of the catalog."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:ServiceCatalog", name, None, opts)
        for key, entity in ENTITIES.items():
            dd.SoftwareCatalog(
                f"{name}-{key}",
                entity=json.dumps(entity, sort_keys=True),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
