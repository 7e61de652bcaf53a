"""Entities of the Software Catalog, JSON or YAML: https://docs.datadoghq.com/api/latest/software-catalog/ ."""

import uuid
from typing import Any

import yaml

from firedrill.sandbox.datadog.forms import generic, zulu
from firedrill.sandbox.datadog.paging import offset_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

ENTITIES = "catalog_entities"
KINDS = ("service", "datastore", "queue", "system", "api", "ui", "library", "frontend", "endpoint", "custom")


def documents(body: Any) -> list[Any]:
    """The documents of a body, YAML or JSON. Raises :class:`ApiError` 400. Aliases are refused: they can explode."""
    if not isinstance(body, str):
        return body if isinstance(body, list) else [body]
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(body, Loader=yaml.SafeLoader)):
            raise generic(400, "aliases are not supported")
        return [one for one in yaml.load_all(body, Loader=yaml.BaseLoader) if one is not None]
    except (yaml.YAMLError, RecursionError) as error:
        raise generic(400, "invalid entity definition: not YAML") from error


def name_parts(schema: Body) -> tuple[str, str, str]:
    """Kind, namespace and name. Raises :class:`ApiError` 400."""
    metadata = schema.get("metadata") if isinstance(schema, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise generic(400, "invalid entity definition: metadata.name is required")
    kind, namespace = schema.get("kind"), metadata.get("namespace") or "default"
    if not isinstance(kind, str) or not (kind in KINDS or kind.startswith("custom.")):
        raise generic(400, f"invalid entity definition: kind must be one of {', '.join(KINDS)}")
    if schema.get("apiVersion") not in ("v3", "v2.2", "v2.1", "v2"):
        raise generic(400, "invalid entity definition: apiVersion must be v3")
    return kind, str(namespace), metadata["name"]


def whole(reference: str) -> str:
    """``kind:namespace/name`` of a reference, which may leave the default namespace out: ``service:shopping-cart``."""
    kind, _, name = reference.partition(":")
    return reference if "/" in name else f"{kind}:default/{name}"


@serves("v2.upsert_catalog_entity", checked=False, text=True)
def upsert(call: Call) -> Answer:
    """Create entities, or replace those of the same kind, namespace and name."""
    found, schemas = [], []
    for schema in documents(call.body):
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
        created = old["meta"]["createdAt"] if old else zulu(call)
        meta = {
            "createdAt": created,
            "modifiedAt": zulu(call),
            "ingestionSource": "api",
            "origin": "",
            "originDetail": "",
        }
        reference = {"id": f"{identifier}-schema", "type": "schema"}
        related = {"schema": {"data": reference}}
        body = {"id": identifier, "type": "entity", "attributes": attributes, "meta": meta, "relationships": related}
        call.put(ENTITIES, key, {**body, "key": key, "schema": schema})
        found.append(body)
        schemas.append({**reference, "attributes": {"schema": schema}})
    if not found:
        raise generic(400, "invalid entity definition: empty")
    return Answer(
        {"data": found, "included": schemas, "meta": {"count": len(found), "includeCount": len(schemas)}}, 202
    )


@serves("v2.list_catalog_entity")
def list_entities(call: Call) -> Answer:
    """Entities by ``filter[id]``, ``filter[ref]``, ``filter[kind]``, ``filter[name]``; ``include=schema``."""
    found = call.list(ENTITIES)
    for name in ("kind", "name", "owner"):
        wanted = call.query.get(f"filter[{name}]")
        found = [one for one in found if wanted in (None, one["attributes"][name])]
    identifier, reference = call.query.get("filter[id]"), call.query.get("filter[ref]")
    key = whole(reference) if reference else None
    found = [one for one in found if identifier in (None, one["id"]) and key in (None, one["key"])]
    shown = offset_page(call, found)
    data = [{key: value for key, value in one.items() if key not in ("key", "schema")} for one in shown]
    schemas = [{**one["relationships"]["schema"]["data"], "attributes": {"schema": one["schema"]}} for one in shown]
    included = schemas if "schema" in call.query.get("include", "") else []
    return Answer({"data": data, "included": included, "meta": {"count": len(data), "includeCount": len(included)}})


@serves("v2.delete_catalog_entity")
def delete(call: Call) -> Answer:
    """Delete an entity, named by id or by reference."""
    wanted = call.path["entity_id"]
    for one in call.list(ENTITIES):
        if wanted == one["id"] or whole(wanted) == one["key"]:
            call.delete(ENTITIES, one["key"])
            return NO_CONTENT
    raise generic(404, "entity not found")
