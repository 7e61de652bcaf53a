"""Software catalog, service definitions, deployment gates (https://docs.datadoghq.com/api/latest/software-catalog/)."""

from typing import Any

import yaml

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.envelopes import Plain
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi, plain
from firedrill.sandbox.providers.datadog.lists import Listed, Unordered
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, Json, Shape, canonical
from firedrill.sandbox.providers.values import Properties, Value

_GATES = "/api/v2/deployment_gates"
_FROM = {"_metadata": {"created_from": "terraform"}}


class YamlText(Shape):
    """YAML in the program; sent as it is, answered as JSON."""

    def fault(self, value: Value) -> str | None:
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
    """Without empty parts; tags sorted and in lower case, as Datadog keeps them."""
    if isinstance(value, dict):
        kept = {key: _clean(item) for key, item in value.items() if key not in ("dd-team", "managed")}
        if isinstance(kept.get("tags"), list):
            kept["tags"] = sorted(str(tag).lower() for tag in kept["tags"])
        if "metadata" in kept and isinstance(kept["metadata"], dict):
            metadata = {key: item for key, item in kept["metadata"].items() if key not in ("id", "managed")}
            kept["metadata"] = {k: v for k, v in metadata.items() if (k, v) != ("namespace", "default")}
        return {key: item for key, item in kept.items() if item not in (None, [], {}, "")}
    return [_clean(item) for item in value] if isinstance(value, list) else value


class _Text(Plain):
    """A body that is one text; the answer holds the schema that it was understood as."""

    def unwrap(self, answer: Json, id: str) -> Json:
        data = (answer or {}).get("data") or None
        found = data[0] if isinstance(data, list) else data
        return {"attributes": found.get("attributes") or {}, "found": found} if isinstance(found, dict) else None


def _text(name: str) -> Any:
    return lambda _step, body: body[name]


def _reference(text: str) -> str:
    """`kind:namespace/name` of an entity's YAML."""
    entity = yaml.safe_load(text)
    metadata = entity.get("metadata") or {}
    return f"{entity.get('kind')}:{metadata.get('namespace') or 'default'}/{metadata.get('name')}"


def _entity(resource: Json, declared: Properties) -> Json:
    """An entity's raw text where the answer has it, else its schema."""
    found = resource.get("found") or {}
    included = resource.get("included") or []
    schema = next((one["attributes"].get("schema") for one in included if one.get("type") == "schema"), None)
    return {"entity": schema or (found.get("attributes") or {}).get("schema") or declared.get("entity")}


class _Entity(_Text):
    """The list form of the catalog: data refers to its schema under `included`."""

    def unwrap(self, answer: Json, id: str) -> Json:
        found = super().unwrap(answer, id)
        return {**found, "included": answer.get("included")} if found else None


def _definition(resource: Json, declared: Properties) -> Json:
    schema = (resource.get("attributes") or {}).get("schema")
    said = yaml.safe_load(declared["serviceDefinition"]) if declared.get("serviceDefinition") else {}
    third_party = isinstance(said, dict) and "apiVersion" in said
    return {"service_definition": declared.get("serviceDefinition") if third_party or not schema else schema}


def _service_name(inputs: Properties) -> str:
    definition = yaml.safe_load(inputs["serviceDefinition"])
    return str(definition.get("dd-service") or (definition.get("metadata") or {}).get("name"))


_RULE_OPTIONS = Object(
    (
        Field("duration", INT),
        Field("excludedResources"),
        Field("allowedResources"),
        Field("query"),
        Field("failOnNoData"),
        Field("failOnNoGroupsFound"),
        Field("warmup", INT),
        Field("monitorIds", Listed(Object((Field("id"), Field("groups"))))),
    )
)
_RULE = Object(
    (
        Field("name"),
        Field("type"),
        Field("dryRun", default=False),
        Field("options", _RULE_OPTIONS, empty={}),
        Field("id", output=True),
    )
)


def _gate(step: Step, body: Json) -> Json:
    body["attributes"].pop("rules", None)
    return {**body, **_FROM} if step.doing == "create" else body


def _write_rules(step: Step) -> None:
    """Make, change and delete the rules of a gate, told apart by their names."""
    path = f"{_GATES}/{escape(step.id)}/rules"
    known = {rule.get("name"): rule.get("id") for rule in step.old_state.get("rules") or []}
    before = {rule["name"]: rule for rule in step.old_inputs.get("rules") or []}
    now = step.inputs.get("rules") or []
    for rule in now:
        attributes = _RULE.send(rule)
        if rule["name"] not in known:
            step.api.call(f"POST {path}", {"data": {**_FROM, "attributes": attributes, "type": "deployment_rule"}})
        elif rule != before.get(rule["name"]):
            attributes.pop("type", None)
            step.api.call(
                f"PUT {path}/{escape(known[rule['name']])}",
                {"data": {"attributes": attributes, "type": "deployment_rule"}},
            )
    for name in set(known) - {rule["name"] for rule in now}:
        step.api.call(f"DELETE {path}/{escape(known[name])}")


def _rules_of(api: Api, id: str, resource: Json) -> Json:
    answer = (api.call(f"GET {_GATES}/{escape(id)}/rules") or {}).get("data") or {}
    listed = (answer.get("attributes") or {}).get("rules") if isinstance(answer, dict) else answer
    rules = []
    for rule in listed or []:
        attributes = rule.get("attributes") or rule
        rules.append({**attributes, "id": rule.get("id")})
    return {**resource, "attributes": {**resource["attributes"], "rules": rules}}


def _delete_gate(api: Api, id: str, known: Properties) -> None:
    for rule in known.get("rules") or []:
        if rule.get("id"):
            api.call(f"DELETE {_GATES}/{escape(id)}/rules/{escape(rule['id'])}")
    api.call(f"DELETE {_GATES}/{escape(id)}")


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    definitions, entities = "/api/v2/services/definitions", "/api/v2/catalog/entity"
    return {
        "datadog:index/softwareCatalog:SoftwareCatalog": plain(
            account,
            entities,
            Object((Field("entity", YamlText(), required=True),)),
            envelope=_Entity(),
            adapt=_text("entity"),
            read_at=f"GET {entities}?filter[ref]={{id}}&include=schema",
            update_at=f"POST {entities}",
            normalize=_entity,
            identify=lambda _, inputs: _reference(inputs["entity"]),
        ),
        "datadog:index/serviceDefinitionYaml:ServiceDefinitionYaml": plain(
            account,
            definitions,
            Object((Field("serviceDefinition", YamlText(), required=True),)),
            envelope=_Text(),
            adapt=_text("service_definition"),
            update_at=f"POST {definitions}",
            normalize=_definition,
            identify=lambda _, inputs: _service_name(inputs),
        ),
        "datadog:index/deploymentGate:DeploymentGate": jsonapi(
            account,
            "deployment_gate",
            _GATES,
            Field("service", required=True, replace=True, create_only=True),
            Field("env", required=True, replace=True, create_only=True),
            Field("identifier", replace=True, create_only=True, computed=True),
            Field("dryRun", default=False),
            Field("rules", Unordered(_RULE)),  # told apart by their names: a renamed one comes back as the last
            Field("createdAt", output=True),
            Field("updatedAt", output=True),
            update_at=f"PUT {_GATES}/{{id}}",
            adapt=_gate,
            after=_write_rules,
            complete=_rules_of,
            forget=_delete_gate,
            reread=True,
        ),
    }
