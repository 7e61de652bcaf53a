"""Entities of the Software Catalog, JSON or YAML: https://docs.datadoghq.com/api/latest/software-catalog/ ."""

import base64
import json
import uuid
from typing import Any
from urllib.parse import urlencode

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


def definition(schema: Body, namespace: str, meta: Body) -> Body:
    """Return a definition with what Datadog adds to its metadata: the namespace and ``managed``."""
    metadata = {**schema["metadata"], "namespace": namespace, "managed": meta}
    return {**schema, "metadata": metadata}


def raw_text(body: Any, documents: list[Any], schema: Body) -> str:
    """Return the text of a definition: a YAML body of one document as it was sent, otherwise JSON."""
    return f"---\n{body}" if isinstance(body, str) and len(documents) == 1 else json.dumps(schema)


@serves("v2.upsert_catalog_entity", validated=False, plain_text=True)
def upsert(call: Call) -> ApiResponse:
    """Create entities, or replace those of the same kind, namespace and name."""
    entities = []
    documents = parse_documents(call.body)
    for schema in documents:
        kind, namespace, name = name_parts(schema)
        key = f"{kind}:{namespace}/{name}"
        old, metadata = call.get(ENTITIES, key), schema["metadata"]
        attributes = {
            "apiVersion": schema["apiVersion"],
            "description": metadata.get("description"),
            "displayName": metadata.get("displayName"),
            "kind": kind,
            "name": name,
            "namespace": namespace,
            "owner": metadata.get("owner"),
            "tags": metadata.get("tags"),
        }
        meta = {
            "createdAt": old["meta"]["createdAt"] if old else timestamp(call),
            "modifiedAt": timestamp(call),
            "ingestionSource": "api",
        }
        entity = {
            "id": old["id"] if old else str(uuid.uuid4()),
            "type": "entity",
            "attributes": {name: value for name, value in attributes.items() if value},
            "meta": meta,
            "key": key,
            "schema": definition(schema, namespace, meta),
            "raw": raw_text(call.body, documents, schema),
        }
        call.put(ENTITIES, key, entity)
        entities.append(entity)
    if not entities:
        raise generic_error(400, "invalid entity definition: empty")
    return ApiResponse(entities_body(entities, ["schema"]), 202)


def entities_body(entities: list[Body], include: list[str]) -> Body:
    """Return the body of entities with their definitions: ``schema``, or ``raw_schema``, which is in base64."""
    data, included = [], []
    for entity in entities:
        shown = {name: entity[name] for name in ("id", "type", "attributes", "meta")}
        definitions = {}
        if "schema" in include:
            definitions["schema"] = entity["schema"]
        if "raw_schema" in include:
            definitions["rawSchema"] = base64.b64encode(entity["raw"].encode()).decode()
        if definitions:
            shown["relationships"] = {kind: {"data": {"id": entity["id"], "type": kind}} for kind in definitions}
        data.append(shown)
        included += [
            {"id": entity["id"], "type": kind, "attributes": {kind: value}} for kind, value in definitions.items()
        ]
    body: Body = {"data": data, "meta": {"count": len(data), "includeCount": len(included)}}
    return body | ({"included": included} if included else {})


@serves("v2.list_catalog_entity")
def list_entities(call: Call) -> ApiResponse:
    """Return entities by ``filter[id]``, ``filter[ref]``, ``filter[kind]``, ``filter[name]`` and ``filter[owner]``.

    ``include`` adds their definitions: ``schema``, ``raw_schema``.
    """
    entities = call.list(ENTITIES)
    for name in ("kind", "name", "owner"):
        expected = call.query.get(f"filter[{name}]")
        entities = [entity for entity in entities if expected in (None, entity["attributes"].get(name))]
    identifier, reference = call.query.get("filter[id]"), call.query.get("filter[ref]")
    key = full_reference(reference) if reference else None
    entities = [entity for entity in entities if identifier in (None, entity["id"]) and key in (None, entity["key"])]
    body = entities_body(offset_page(call, entities), call.query.get("include", "").split(","))
    query = {"page[limit]": "100", "page[offset]": "0", **call.query}
    body["links"] = {"self": f"/api/v2/catalog/entity?{urlencode(sorted(query.items()))}"}
    return ApiResponse(body)


@serves("v2.delete_catalog_entity")
def delete(call: Call) -> ApiResponse:
    """Delete an entity by id or by reference."""
    entity_id = call.path["entity_id"]
    for entity in call.list(ENTITIES):
        if entity_id == entity["id"] or full_reference(entity_id) == entity["key"]:
            call.delete(ENTITIES, entity["key"])
            return NO_CONTENT
    raise generic_error(404, "entity not found")
