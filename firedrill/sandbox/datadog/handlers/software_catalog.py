"""Entities of the Software Catalog, JSON or YAML: https://docs.datadoghq.com/api/latest/software-catalog/ ."""

import base64
import json
import uuid
from typing import Any

import yaml

from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import offset_page
from firedrill.sandbox.datadog.http.response_parts import generic_error, timestamp
from firedrill.sandbox.datadog.store import Body

ENTITIES = "catalog_entities"
KINDS = ("service", "datastore", "queue", "system", "api", "ui", "library", "frontend", "endpoint", "custom")


def parse_documents(body: Any) -> list[Any]:
    """Return the documents of a body, YAML or JSON. Raises :class:`ApiError` 400.

    Aliases are refused: they can expand without limit.
    """
    if not isinstance(body, str):
        return body if isinstance(body, list) else [body]
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(body, Loader=yaml.SafeLoader)):
            raise generic_error(400, "aliases are not supported")
        return [document for document in yaml.load_all(body, Loader=yaml.BaseLoader) if document is not None]
    except (yaml.YAMLError, RecursionError) as error:
        raise generic_error(400, "invalid entity definition: not YAML") from error


def name_parts(schema: Body) -> tuple[str, str, str]:
    """Return kind, namespace and name of an entity. Raises :class:`ApiError` 400."""
    metadata = schema.get("metadata") if isinstance(schema, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise generic_error(400, "invalid entity definition: metadata.name is required")
    kind, namespace = schema.get("kind"), metadata.get("namespace") or "default"
    if not isinstance(kind, str) or not (kind in KINDS or kind.startswith("custom.")):
        raise generic_error(400, f"invalid entity definition: kind must be one of {', '.join(KINDS)}")
    if schema.get("apiVersion") not in ("v3", "v2.2", "v2.1", "v2"):
        raise generic_error(400, "invalid entity definition: apiVersion must be v3")
    return kind, str(namespace), metadata["name"]


def full_reference(reference: str) -> str:
    """Return a reference as ``kind:namespace/name``; it may lack the default namespace, as ``service:cart`` does."""
    kind, _, name = reference.partition(":")
    return reference if "/" in name else f"{kind}:default/{name}"


@serves("v2.upsert_catalog_entity", validated=False, plain_text=True)
def upsert(call: Call) -> ApiResponse:
    """Create entities, or replace those of the same kind, namespace and name."""
    entities, schemas = [], []
    for schema in parse_documents(call.body):
        kind, namespace, name = name_parts(schema)
        key = f"{kind}:{namespace}/{name}"
        old, metadata = call.get(ENTITIES, key), schema["metadata"]
        identifier = old["id"] if old else str(uuid.uuid4())
        attributes = {
            "apiVersion": schema["apiVersion"],
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "displayName": metadata.get("displayName") or name,
            "description": metadata.get("description") or "",
            "owner": metadata.get("owner") or "",
            "tags": metadata.get("tags") or [],
        }
        created = old["meta"]["createdAt"] if old else timestamp(call)
        meta = {
            "createdAt": created,
            "modifiedAt": timestamp(call),
            "ingestionSource": "api",
            "origin": "",
            "originDetail": "",
        }
        reference = {"id": f"{identifier}-schema", "type": "schema"}
        raw = {"id": f"{identifier}-raw-schema", "type": "rawSchema"}
        related = {"schema": {"data": reference}, "rawSchema": {"data": raw}}
        body = {"id": identifier, "type": "entity", "attributes": attributes, "meta": meta, "relationships": related}
        call.put(ENTITIES, key, {**body, "key": key, "schema": schema})
        entities.append(body)
        schemas.append({**reference, "attributes": {"schema": schema}})
    if not entities:
        raise generic_error(400, "invalid entity definition: empty")
    return ApiResponse(
        {"data": entities, "included": schemas, "meta": {"count": len(entities), "includeCount": len(schemas)}}, 202
    )


def raw_schema(entity: Body) -> str:
    """Return the definition of an entity as ``include=raw_schema`` has it: a document in base64."""
    return base64.b64encode(json.dumps(entity["schema"]).encode()).decode()


@serves("v2.list_catalog_entity")
def list_entities(call: Call) -> ApiResponse:
    """Return entities by ``filter[id]``, ``filter[ref]``, ``filter[kind]`` and ``filter[name]``.

    ``include`` adds their definitions: ``schema``, ``raw_schema``.
    """
    entities = call.list(ENTITIES)
    for name in ("kind", "name", "owner"):
        expected = call.query.get(f"filter[{name}]")
        entities = [entity for entity in entities if expected in (None, entity["attributes"][name])]
    identifier, reference = call.query.get("filter[id]"), call.query.get("filter[ref]")
    key = full_reference(reference) if reference else None
    entities = [entity for entity in entities if identifier in (None, entity["id"]) and key in (None, entity["key"])]
    shown = offset_page(call, entities)
    data = [{key: value for key, value in entity.items() if key not in ("key", "schema")} for entity in shown]
    schemas = [
        {**entity["relationships"]["schema"]["data"], "attributes": {"schema": entity["schema"]}} for entity in shown
    ]
    raw_schemas = [
        {"id": f"{entity['id']}-raw-schema", "type": "rawSchema", "attributes": {"rawSchema": raw_schema(entity)}}
        for entity in shown
    ]
    asked = call.query.get("include", "").split(",")
    included = (schemas if "schema" in asked else []) + (raw_schemas if "raw_schema" in asked else [])
    return ApiResponse(
        {"data": data, "included": included, "meta": {"count": len(data), "includeCount": len(included)}}
    )


@serves("v2.delete_catalog_entity")
def delete(call: Call) -> ApiResponse:
    """Delete an entity by id or by reference."""
    entity_id = call.path["entity_id"]
    for entity in call.list(ENTITIES):
        if entity_id == entity["id"] or full_reference(entity_id) == entity["key"]:
            call.delete(ENTITIES, entity["key"])
            return NO_CONTENT
    raise generic_error(404, "entity not found")
