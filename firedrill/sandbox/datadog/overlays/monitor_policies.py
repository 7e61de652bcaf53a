"""Policies, notification rules and templates of monitors: https://docs.datadoghq.com/api/latest/monitors/ ."""

import copy
from typing import Any

from firedrill.query import QueryError, parse
from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.collection import Collection, new_uuid
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

POLICIES = "monitor_policies"
RULES = "monitor_notification_rules"
TEMPLATES = "monitor_templates"


def check_policy(call: Call, data: Body, old: Body | None) -> None:
    """A change names the policy that it changes, not its key, which stays; a tag key has one policy."""
    if old is not None:
        if call.body["data"].get("id") != old["id"]:
            raise ApiError(422, "Policy id in request body does not match id in URL param")
        data["attributes"]["policy"] = {**old["attributes"]["policy"], **data["attributes"]["policy"]}
    key = data["attributes"]["policy"]["tag_key"]
    for other in call.list(POLICIES):
        if other["id"] != data["id"] and other["attributes"]["policy"]["tag_key"] == key:
            raise ApiError(400, f"A policy for tag key {key} already exists")


Collection(
    POLICIES,
    "monitor-config-policy",
    "policy_id",
    create="create_monitor_config_policy",
    get="get_monitor_config_policy",
    list="list_monitor_config_policies",
    update="update_monitor_config_policy",
    delete="delete_monitor_config_policy",
    created=200,
    complete=check_policy,
    not_found=lambda _: "Monitor config policy not found",
).register()


def complete_rule(call: Call, data: Body, old: Body | None) -> None:
    """Recipients are handles without their @; a rule filters by tags or by a scope."""
    attributes = data["attributes"]
    conditional = (attributes.get("conditional_recipients") or {}).get("conditions") or []
    handles = [*(attributes.get("recipients") or []), *(one for rule in conditional for one in rule["recipients"])]
    if any(handle.startswith("@") for handle in handles):
        raise ApiError(400, "Invalid recipients: Recipient handle should not start with '@'")
    if not handles:
        raise ApiError(400, "Invalid recipients: recipients or conditional_recipients is required")
    attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
    attributes["modified_at"] = iso(call.now)
    data["relationships"] = {"created_by": {"data": {"type": "users", "id": call.me["id"]}}}
    if old is not None:  # the recipients of one form replace those of the other
        sent = call.body["data"]["attributes"]
        for key, other in (("recipients", "conditional_recipients"), ("conditional_recipients", "recipients")):
            if key in sent and other not in sent:
                attributes.pop(other, None)


def author(call: Call) -> Body:
    """Who made a rule, as it is included."""
    attributes = {key: value for key, value in call.me["attributes"].items() if key != "mfa_enabled"}
    return {"type": "users", "id": call.me["id"], "attributes": attributes}


def rule_answer(call: Call, data: Body) -> Body:
    """Writes include the author; reads do only when asked."""
    if call.operation.method == "GET" and "created_by" not in call.query.get("include", ""):
        return {"data": {key: value for key, value in data.items() if key != "relationships"}}
    return {"data": data, "included": [author(call)]}


Collection(
    RULES,
    "monitor-notification-rule",
    "rule_id",
    create="create_monitor_notification_rule",
    get="get_monitor_notification_rule",
    list="get_monitor_notification_rules",
    update="update_monitor_notification_rule",
    delete="delete_monitor_notification_rule",
    created=200,
    complete=complete_rule,
    not_found=lambda _: "Monitor Notification Rule not found",
    wrap=rule_answer,
    wrap_list=lambda _, data: {
        "data": [{key: value for key, value in one.items() if key != "relationships"} for one in data]
    },
).register()


def check_template(attributes: Body) -> None:
    """Raise :class:`ApiError` 400 for a template without a monitor in it."""
    definition: Any = attributes.get("monitor_definition")
    prefix = "Invalid monitor_definition or template variables: "
    if not definition:
        raise ApiError(400, f"{prefix}Monitor definition cannot be empty.")
    for key in ("query", "type"):
        if not isinstance(definition.get(key), str):
            raise ApiError(400, f"{prefix}'{key}' is required.")
    variables = {one["name"] for one in attributes.get("template_variables") or []}
    if not any(f"${name}" in definition["query"] for name in variables):
        try:
            parse(definition["type"], definition["query"])
        except QueryError as error:
            raise ApiError(400, f"{prefix}{error.args[0] if error.args else error}") from error


def find(call: Call) -> Body:
    """The template of the path. Raises :class:`ApiError` 404."""
    found = call.get(TEMPLATES, call.path["template_id"])
    if found is None:
        raise ApiError(404, "Monitor template not found")
    return found


def template(body: Body, with_versions: bool) -> Body:
    """A template as it is answered: its latest version, and all of them when asked."""
    latest = body["versions"][-1]
    keys = ("title", "description", "tags", "monitor_definition", "template_variables", "version")
    attributes = {
        **{key: latest[key] for key in keys},
        **{key: body[key] for key in ("created", "modified", "creator_uuid")},
    }
    if with_versions:
        attributes["versions"] = body["versions"]
    return {"type": "monitor-user-template", "id": body["id"], "attributes": attributes}


def version(call: Call, number: int) -> Body:
    """A version from a body."""
    given = call.body["data"]["attributes"]
    check_template(given)
    return {
        "id": new_uuid(call),
        "version": number,
        "title": given["title"],
        "description": given.get("description"),
        "tags": given["tags"],
        "monitor_definition": copy.deepcopy(given["monitor_definition"]),
        "template_variables": copy.deepcopy(given.get("template_variables") or []),
        "created": iso(call.now),
    }


@serves("v2.create_monitor_user_template")
def create(call: Call) -> Answer:
    """Create a template."""
    first = version(call, 0)
    body = {
        "id": first["id"],
        "versions": [first],
        "created": iso(call.now),
        "modified": iso(call.now),
        "creator_uuid": call.me["id"],
    }
    call.put(TEMPLATES, body["id"], body)
    return Answer({"data": template(body, False)})


@serves("v2.get_monitor_user_template")
def get(call: Call) -> Answer:
    """One template."""
    return Answer({"data": template(find(call), call.flag("with_all_versions"))})


@serves("v2.list_monitor_user_templates")
def list_templates(call: Call) -> Answer:
    """All templates."""
    return Answer({"data": [template(body, False) for body in call.list(TEMPLATES)]})


@serves("v2.update_monitor_user_template")
def update(call: Call) -> Answer:
    """Add a version."""
    body = find(call)
    body["versions"].append(version(call, body["versions"][-1]["version"] + 1))
    body["modified"] = iso(call.now)
    call.put(TEMPLATES, body["id"], body)
    return Answer({"data": template(body, True)})


@serves("v2.delete_monitor_user_template")
def delete(call: Call) -> Answer:
    """Delete a template."""
    call.delete(TEMPLATES, find(call)["id"])
    return NO_CONTENT


@serves("v2.validate_monitor_user_template", "v2.validate_existing_monitor_user_template")
def validate(call: Call) -> Answer:
    """Check a template."""
    if "template_id" in call.path:
        find(call)
    check_template(call.body["data"]["attributes"])
    return NO_CONTENT
