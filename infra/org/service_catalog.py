"""The software catalog: what the system consists of, what depends on what, and whom to ask.

An entity exists once in an organisation, not in each environment, and writing one that exists replaces it silently: one
owner, here. Edges of the service map come from traces; these are the ones that traces cannot know, and the owners.
Entities are JSON with sorted keys, so that a refresh compares equal texts.
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


def _entity(kind: str, name: str, shown: str, says: str, **spec: Any) -> Json:
    metadata: Json = {"name": name, "displayName": shown, "description": says, "owner": TEAM}
    metadata["tags"] = sorted(["managed_by:pulumi", f"team:{TEAM}"])
    return {"apiVersion": "v3", "kind": kind, "metadata": metadata, "spec": {"lifecycle": "production", **spec}}


IN_SYSTEM = [f"system:{SYSTEM}"]
ENTITIES: dict[str, Json] = {
    # One place from which whoever is paged sees all that can be broken.
    "system": _entity(
        "system",
        SYSTEM,
        "LLM chat",
        "Answers chats with Gemini, over an API and on a page",
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
        "Flask on Cloud Run: calls Gemini, redacts, counts and logs",
        tier="1",
        type="web",
        languages=["python"],
        dependsOn=[f"service:{GEMINI}", f"datastore:{STATE}"],
        componentOf=IN_SYSTEM,
    ),
    # Its spans are the browser's: no trace of a server says that it depends on the API.
    "page": _entity(
        "service",
        WEB_SERVICE,
        "Chat page",
        "The page on which people chat; its RUM application has the same name",
        tier="2",
        type="browser",
        languages=["js"],
        dependsOn=[f"service:{SERVICE}"],
        componentOf=IN_SYSTEM,
    ),
    # Not ours to repair, ours to be paged about: the owner is who decides to switch the model.
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
        "Chats, control and the products' endpoints; described at /openapi.json",
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
        "A bucket for each environment, written by Datadog, read when an incident is looked at later",
        type="gcs",
        tier="3",
        componentOf=IN_SYSTEM,
    ),
}


class ServiceCatalog(pulumi.ComponentResource):
    """One resource for each entity."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("llm-api-org:datadog:ServiceCatalog", name, None, opts)
        for key, entity in ENTITIES.items():
            dd.SoftwareCatalog(
                f"{name}-{key}",
                entity=json.dumps(entity, sort_keys=True),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
