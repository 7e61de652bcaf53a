"""The service map: catalog tags of a service, and edges that a client span with a peer service draws."""

from typing import Literal

from ddtrace.trace import tracer
from pydantic import Field, field_validator

from service.context import Context
from service.products.client import Managed
from service.products.endpoint import MANAGED_BY, PULUMI, Answer, Asked, Endpoint
from service.redactor import redactor


class Tags(Asked):
    """Which service, and its tags; in a query string ``tags=a:b,c:d``."""

    service: str = Field(default="", pattern=r"^[a-z0-9_.-]{0,100}$", description="by default this one's front")
    tags: list[str] = Field(default_factory=list, max_length=50)

    @field_validator("tags", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return [one for one in given.split(",") if one] if isinstance(given, str) else given


class Dependency(Asked):
    """What depends on what. The service's own spans draw its real edges by themselves."""

    target: str = Field(default="gemini", pattern=r"^[a-z0-9_.-]{1,100}$")
    source: str = Field(default="", pattern=r"^[a-z0-9_.-]{0,100}$", description="by default this service")
    type: Literal["http", "grpc", "db", "cache", "queue"] = "http"


def enhance_tags(context: Context, asked: Tags) -> Answer:
    """``POST /datadog/service-map/enhance-tags``."""
    settings = context.settings
    name = asked.service or settings.service
    known = context.datadog.call("v2.SoftwareCatalogApi.list_catalog_entity", filter_ref=f"service:{name}")["data"]
    for one in known:
        if PULUMI in ((one.get("attributes") or {}).get("tags") or ()):
            raise Managed(f"the catalog entity service:{name} is managed by Pulumi")
    tags = sorted({*asked.tags, MANAGED_BY, f"env:{settings.env}"})
    entity = {
        "apiVersion": "v3",
        "kind": "service",
        "metadata": {"name": name, "tags": tags},
        "spec": {"type": "web", "languages": ["python"]},
    }
    made = context.datadog.call("v2.SoftwareCatalogApi.upsert_catalog_entity", entity)
    if root := tracer.current_root_span():
        # As a whole first: what is private may be told by the part before the colon only.
        pairs = (redactor.text(tag).partition(":") for tag in asked.tags)
        root.set_tags({key: value for key, _, value in pairs if key and value})
    return {"entity_id": made["data"][0]["id"], "service": name, "tags": tags}


def track_dependency(context: Context, asked: Dependency) -> Answer:
    """``POST /datadog/service-map/track-dependency``."""
    source = asked.source or context.settings.service
    span = tracer.trace("dependency", service=source, resource="dependency", span_type=asked.type)
    with span:
        span.set_tags({"span.kind": "client", "peer.service": asked.target, "out.host": asked.target,
                       "component": "service_map"})  # fmt: skip
    return {"source": source, "target": asked.target, "trace_id": f"{span.trace_id:032x}"}


ENDPOINTS = (
    Endpoint("POST", "/service-map/enhance-tags", "Enhance a service's tags",
             "SoftwareCatalogApi.upsert_catalog_entity (v2), tags of the request's span", Tags, enhance_tags),
    Endpoint("POST", "/service-map/track-dependency", "Track a dependency",
             "a client span with peer.service, through the agent", Dependency, track_dependency),
)  # fmt: skip
