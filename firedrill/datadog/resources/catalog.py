"""Software catalog and deployment gates (https://docs.datadoghq.com/api/latest/software-catalog/)."""

import yaml

from firedrill.datadog.client import DatadogClient, escape
from firedrill.datadog.mapping.envelopes import JsonApi, Plain
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi, plain
from firedrill.datadog.mapping.lists import ListOf, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, Json, Schema, canonical
from firedrill.provider.values import Properties, Value

_GATES = "/api/v2/deployment_gates"
_CREATED_FROM = {"_metadata": {"created_from": "terraform"}}


class YamlText(Schema):
    """A YAML text in the program, sent unchanged, answered as JSON."""

    def error(self, value: Value) -> str | None:
        if isinstance(value, str):
            try:
                yaml.safe_load(value)
            except yaml.YAMLError as error:
                return f"not YAML: {' '.join(str(error).split())}"
        return None

    def _read(self, answer: Json) -> Value:
        return answer if isinstance(answer, str) else yaml.safe_dump(_clean(answer), sort_keys=True)

    def _key(self, value: Value) -> object:
        if not isinstance(value, str):
            return repr(value)
        try:
            return canonical(_clean(yaml.safe_load(value)))
        except yaml.YAMLError:
            return value


def _clean(value: Json) -> Json:
    """Return an entity without empty parts and Datadog's own, with sorted tags in lower case, as Datadog has them."""
    if isinstance(value, dict):
        entity = {key: _clean(item) for key, item in value.items() if key not in ("dd-team", "managed")}
        if isinstance(entity.get("tags"), list):
            entity["tags"] = sorted(str(tag).lower() for tag in entity["tags"])
        if "metadata" in entity and isinstance(entity["metadata"], dict):
            metadata = {key: item for key, item in entity["metadata"].items() if key not in ("id", "managed")}
            entity["metadata"] = {k: v for k, v in metadata.items() if (k, v) != ("namespace", "default")}
        return {key: item for key, item in entity.items() if item not in (None, [], {}, "")}
    return [_clean(item) for item in value] if isinstance(value, list) else value


class _EntityEnvelope(Plain):
    """The request's body is the YAML text; an answer lists entities, with their schemas under `included`."""

    def unwrap(self, answer: Json, id: str) -> Json:
        data = (answer or {}).get("data") or None
        entity = data[0] if isinstance(data, list) else data
        if not isinstance(entity, dict):
            return None
        return {"attributes": entity.get("attributes") or {}, "included": answer.get("included")}


def _reference(text: str) -> str:
    """Return the reference `kind:namespace/name` of an entity's YAML."""
    entity = yaml.safe_load(text)
    metadata = entity.get("metadata") or {}
    return f"{entity.get('kind')}:{metadata.get('namespace') or 'default'}/{metadata.get('name')}"


def _entity(resource: Json, declared: Properties) -> Json:
    """Return the entity's schema, of the included parts or of the entity itself; else what the program declared."""
    included = resource.get("included") or []
    schemas = (part["attributes"].get("schema") for part in included if part.get("type") == "schema")
    schema = next(schemas, None) or (resource.get("attributes") or {}).get("schema")
    return {"entity": schema or declared.get("entity")}


_RULE_OPTIONS = Object(
    (
        Property("duration", INT),
        Property("excludedResources"),
        Property("allowedResources"),
        Property("query"),
        Property("failOnNoData"),
        Property("failOnNoGroupsFound"),
        Property("warmup", INT),
        Property("monitorIds", ListOf(Object((Property("id"), Property("groups"))))),
    )
)
_RULE = Object(
    (
        Property("name"),
        Property("type"),
        Property("dryRun", default=False),
        Property("options", _RULE_OPTIONS, if_absent={}),
        Property("id", output=True),
    )
)


def _without_rules(write: Write, body: Json) -> Json:
    body["attributes"].pop("rules", None)
    return {**body, **_CREATED_FROM} if write.action == "create" else body


def _write_rules(write: Write) -> Json:
    """Create, update and delete the rules of a gate, which their names identify; return the gate with them."""
    gate = f"{_GATES}/{escape(write.id)}"
    path = f"{gate}/rules"
    resource = write.answer
    ids = {rule.get("name"): rule.get("id") for rule in write.old_state.get("rules") or []}
    now = write.inputs.get("rules") or []
    if write.action == "update":
        resource = write.client.call(f"GET {gate}")["data"]
        write.client.call(f"GET {path}")
    for rule in now:
        attributes = _RULE.send(rule)
        if rule["name"] not in ids:
            write.client.call(
                f"POST {path}", {"data": {**_CREATED_FROM, "attributes": attributes, "type": "deployment_rule"}}
            )
        else:
            attributes.pop("type", None)
            write.client.call(
                f"PUT {path}/{escape(ids[rule['name']])}",
                {"data": {"attributes": attributes, "type": "deployment_rule"}},
            )
    for name in [name for name in ids if name not in {rule["name"] for rule in now}]:
        write.client.call(f"DELETE {path}/{escape(ids[name])}")
    if write.action == "create":
        resource = write.client.call(f"GET {gate}")["data"]
    return _rules_of(write.client, write.id, resource)


def _rules_of(client: DatadogClient, id: str, resource: Json) -> Json:
    answer = (client.call(f"GET {_GATES}/{escape(id)}/rules") or {}).get("data") or {}
    listed = (answer.get("attributes") or {}).get("rules") if isinstance(answer, dict) else answer
    rules = []
    for rule in listed or []:
        attributes = rule.get("attributes") or rule
        rules.append({**attributes, "id": rule.get("id")})
    return {**resource, "attributes": {**resource["attributes"], "rules": rules}}


def _delete_gate(client: DatadogClient, id: str, _properties: Properties) -> None:
    rules = _rules_of(client, id, {"attributes": {}})["attributes"]["rules"]
    for rule in rules:
        client.call(f"DELETE {_GATES}/{escape(id)}/rules/{escape(rule['id'])}")
    client.call(f"DELETE {_GATES}/{escape(id)}")


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    entities = "/api/v2/catalog/entity"
    return {
        "datadog:index/softwareCatalog:SoftwareCatalog": plain(
            account,
            entities,
            Object((Property("entity", YamlText(), required=True),)),
            envelope=_EntityEnvelope(),
            adjust_body=lambda _, body: body["entity"],
            read_at=f"GET {entities}?filter[ref]={{id}}&include=schema",
            update_at=f"POST {entities}",
            normalize_answer=_entity,
            id_of=lambda _, inputs: _reference(inputs["entity"]),
            replaced=lambda old, new: _reference(old["entity"]) != _reference(new["entity"]),
        ),
        "datadog:index/deploymentGate:DeploymentGate": jsonapi(
            account,
            "deployment_gate",
            _GATES,
            Property("service", required=True, replace=True, create_only=True),
            Property("env", required=True, replace=True, create_only=True),
            Property("identifier", replace=True, create_only=True, computed=True),
            Property("dryRun", default=False),
            Property("rules", SetOf(_RULE)),  # identified by their names: a renamed rule is answered last
            Property("createdAt", output=True),
            Property("updatedAt", output=True),
            envelope=JsonApi("deployment_gate", update_id="empty"),
            update_at=f"PUT {_GATES}/{{id}}",
            adjust_body=_without_rules,
            after_write=_write_rules,
            complete_read=_rules_of,
            delete_with=_delete_gate,
        ),
    }
