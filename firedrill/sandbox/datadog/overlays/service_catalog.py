"""Service definitions: https://docs.datadoghq.com/api/latest/service-definition/ ."""

import copy
import hashlib

from firedrill.sandbox.datadog.forms import zulu
from firedrill.sandbox.datadog.overlays.catalog_entities import documents
from firedrill.sandbox.datadog.paging import numbered_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

DEFINITIONS = "service_definitions"
VERSIONS = ("v1", "v2", "v2.1", "v2.2")


def of_backstage(schema: Body) -> bool:
    """Whether a definition is one of Backstage, which Datadog takes as they are."""
    return str(schema.get("apiVersion", "")).startswith("backstage.io/")


def name_of(schema: Body) -> str | None:
    """The service that a definition describes."""
    info = schema.get("info")
    if of_backstage(schema):
        metadata = schema.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        return name if isinstance(name, str) and name else None
    name = schema.get("dd-service") or (info.get("dd-service") if isinstance(info, dict) else None)
    return name if isinstance(name, str) and name else None


@serves("v2.create_or_update_service_definitions", checked=False, text=True)
def upsert(call: Call) -> Answer:
    """Create a definition, or replace the one of the same service."""
    found = documents(call.body)
    schema = copy.deepcopy(found[0]) if len(found) == 1 else None
    if not isinstance(schema, dict) or not (of_backstage(schema) or schema.get("schema-version") in VERSIONS):
        raise ApiError(400, f"schema-version must be one of {', '.join(VERSIONS)}")
    if name_of(schema) is None:
        raise ApiError(400, "dd-service is required")
    name = str(name_of(schema))
    meta = {
        "last-modified-time": zulu(call),
        "github-html-url": "",
        "ingestion-source": "api",
        "origin": "unknown",
        "origin-detail": "",
        "warnings": [],
        "ingested-schema-version": schema.get("schema-version") or schema["apiVersion"],
    }
    identifier = hashlib.md5(f"{call.org}:{name}".encode(), usedforsecurity=False).hexdigest()
    body = {"type": "service-definition", "id": identifier, "attributes": {"meta": meta, "schema": schema}}
    call.put(DEFINITIONS, name, body)
    return Answer({"data": [body]})


def find(call: Call) -> Body:
    """The definition of the path. Raises :class:`ApiError` 404."""
    found = call.get(DEFINITIONS, call.path["service_name"])
    if found is None:
        raise ApiError(404, body={"errors": ["Not Found"], "error_details": [{}]})
    return found


@serves("v2.get_service_definition")
def get(call: Call) -> Answer:
    """One definition."""
    return Answer({"data": find(call)})


@serves("v2.list_service_definitions")
def list_definitions(call: Call) -> Answer:
    """All definitions, paged."""
    return Answer({"data": numbered_page(call, call.list(DEFINITIONS))})


@serves("v2.delete_service_definition")
def delete(call: Call) -> Answer:
    """Delete a definition."""
    call.delete(DEFINITIONS, str(name_of(find(call)["attributes"]["schema"])))
    return NO_CONTENT


@serves("v2.list_catalog_relation")
def relations(_: Call) -> Answer:
    """Relations between entities: none, since definitions of services declare none."""
    base = "https://api.datadoghq.com/api/v2/catalog/relation"
    return Answer(
        {
            "data": [],
            "included": [],
            "meta": {"count": 0, "includeCount": 0},
            "links": {"self": base, "next": None, "previous": None},
        }
    )
