"""Service Map: catalog tags of a service, and edges, which client spans with a peer service draw."""

from typing import Literal

from ddtrace.trace import tracer
from pydantic import Field, field_validator

from service.context import Context
from service.datadog.client import Managed
from service.datadog.endpoint import MANAGED_BY, PULUMI, Endpoint, Json, Parameters


class ServiceTags(Parameters):
    """Tags of a service; in a query string ``tags=a:b,c:d``."""

    service: str = Field(default="", pattern=r"^[a-z0-9_.-]{0,100}$", description="by default this service")
    tags: list[str] = Field(default_factory=list, max_length=50)

    @field_validator("tags", mode="before")
    @classmethod
    def _split(cls, tags: object) -> object:
        return [tag for tag in tags.split(",") if tag] if isinstance(tags, str) else tags


class Dependency(Parameters):
    """An edge from one service to another. The service's own edges follow from its spans."""

    target: str = Field(default="gemini", pattern=r"^[a-z0-9_.-]{1,100}$")
    source: str = Field(default="", pattern=r"^[a-z0-9_.-]{0,100}$", description="by default this service")
    type: Literal["http", "grpc", "db", "cache", "queue"] = "http"


def enhance_tags(context: Context, service_tags: ServiceTags) -> Json:
    """Tag a service in the catalog and the request's span: ``POST /datadog/service-map/enhance-tags``."""
    settings = context.settings
    name = service_tags.service or settings.service
    entities = context.datadog.call("v2.SoftwareCatalogApi.list_catalog_entity", filter_ref=f"service:{name}")["data"]
    for entity in entities:
        if PULUMI in ((entity.get("attributes") or {}).get("tags") or ()):
            raise Managed(f"the catalog entity service:{name} is managed by Pulumi")
    tags = sorted({*service_tags.tags, MANAGED_BY, f"env:{settings.env}"})
    body = {
        "apiVersion": "v3",
        "kind": "service",
        "metadata": {"name": name, "tags": tags},
        "spec": {"type": "web", "languages": ["python"]},
    }
    stored = context.datadog.call("v2.SoftwareCatalogApi.upsert_catalog_entity", body)
    if root := tracer.current_root_span():
        # Redacted before it is split: the part before the colon may be what shows that the rest is private.
        pairs = (context.redactor.redact(tag).partition(":") for tag in service_tags.tags)
        root.set_tags({key: value for key, _, value in pairs if key and value})
    return {"entity_id": stored["data"][0]["id"], "service": name, "tags": tags}


def track_dependency(context: Context, dependency: Dependency) -> Json:
    """Send the client span that draws an edge: ``POST /datadog/service-map/track-dependency``."""
    source = dependency.source or context.settings.service
    span = tracer.trace("dependency", service=source, resource="dependency", span_type=dependency.type)
    with span:
        span.set_tags({"span.kind": "client", "peer.service": dependency.target, "out.host": dependency.target,
                       "component": "service_map"})  # fmt: skip
    return {"source": source, "target": dependency.target, "trace_id": f"{span.trace_id:032x}"}


ENDPOINTS = (
    Endpoint("POST", "/service-map/enhance-tags", "Enhance a service's tags",
             "SoftwareCatalogApi.upsert_catalog_entity (v2), tags of the request's span", ServiceTags, enhance_tags),
    Endpoint("POST", "/service-map/track-dependency", "Track a dependency",
             "a client span with peer.service, through the agent", Dependency, track_dependency),
)  # fmt: skip
