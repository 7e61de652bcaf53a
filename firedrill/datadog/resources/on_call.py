"""On-Call schedules, escalation policies, routing rules (https://docs.datadoghq.com/api/latest/on-call/).

Requests nest layers, steps and rules; answers refer to them and put them beside the resource, under `included`.
"""

from collections.abc import Iterator

from firedrill.datadog.client import DatadogClient, escape
from firedrill.datadog.mapping.envelopes import JsonApi
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import ListOf, OneOf
from firedrill.datadog.mapping.objects import Object, Property, get
from firedrill.datadog.mapping.schema import INSTANT, INT, TEXT, Inside, Json, Schema
from firedrill.provider.values import Properties, Value

_TEAMS = Property(
    "teams", ListOf(Inside(("id",), TEXT, (("type", "teams"),))), at="/relationships/teams/data", zero="omit"
)
_RESTRICTIONS = ListOf(Object((Property("startDay"), Property("startTime"), Property("endDay"), Property("endTime"))))
_LAYER = Object(
    (
        Property("name"),
        Property("effectiveDate", INSTANT),
        Property("endDate", INSTANT),
        Property("rotationStart", INSTANT),
        Property("timeZone"),
        Property("interval", Object((Property("days", INT, default=0), Property("seconds", INT, default=0)))),
        Property("restrictions", _RESTRICTIONS, zero="omit"),
        Property("users", ListOf(Inside(("user", "id"), TEXT)), at="members"),
        Property("id", output=True),
    )
)
_TYPES = {"user": "users", "schedule": "schedules", "team": "teams"}


class _Target(Schema):
    """{"schedule": id, "position": "next"} <-> {"type": "schedules", "id", "config": {"schedule": {"position"}}}."""

    def send(self, value: Value) -> Json:
        name = next((name for name in _TYPES if value.get(name)), "user")
        position = value.get("position")
        config = {"config": {"schedule": {"position": position}}} if position and name == "schedule" else {}
        return {"type": _TYPES[name], "id": value.get(name), **config}

    def _read(self, answer: Json) -> Value:
        name = next((name for name, type in _TYPES.items() if type == answer.get("type")), "user")
        position = get(answer, ["config", "schedule", "position"])
        return {name: answer.get("id"), **({"position": position} if position else {})}


_STEP = Object(
    (
        Property("assignment", default="default"),
        Property("escalateAfterSeconds", INT),
        Property("targets", ListOf(_Target())),
        Property("id", output=True),
    )
)
_SUPPORT_HOURS = Object((Property("timeZone"), Property("restrictions", _RESTRICTIONS)))
_ACTIONS = OneOf(
    "type",
    {
        "sendSlackMessage": ("send_slack_message", Object((Property("channel"), Property("workspace")))),
        "sendTeamsMessage": ("send_teams_message", Object((Property("channel"), Property("team"), Property("tenant")))),
        "triggerWorkflowAutomation": ("workflow", Object((Property("handle"),))),
        "rerouteToTeam": ("reroute_to_team", Object((Property("destinationTeamId"),))),
        "escalationPolicy": (
            "escalation_policy",
            Object(
                (
                    Property("policyId"),
                    Property("ackTimeoutMinutes", INT),
                    Property("urgency"),
                    Property("supportHours", _SUPPORT_HOURS),
                )
            ),
        ),
    },
)
_RULE = Object(
    (
        Property("query", default=""),
        Property("urgency"),
        Property("escalationPolicy", at="policy_id"),
        Property("timeRestrictions", _SUPPORT_HOURS, at="time_restriction"),
        Property("actions", ListOf(_ACTIONS), if_absent=[]),
        Property("id", output=True),
    )
)


def _related(resource: Json, relation: str) -> Iterator[Json]:
    """Yield the included resources of a relationship."""
    included = {(item.get("type"), item.get("id")): item for item in resource.get("included") or []}
    for reference in get(resource, ["relationships", relation, "data"]) or []:
        item = included.get((reference.get("type"), reference.get("id"))) or {}
        yield {**reference, **item, "included": resource.get("included")}


def _with(resource: Json, name: str, parts: list[Json]) -> Json:
    attributes = resource.get("attributes") or {}
    return {**resource, "attributes": {**attributes, name: parts or attributes.get(name)}}


def _schedule(resource: Json, _declared: Properties) -> Json:
    layers = []
    for layer in _related(resource, "layers"):
        users = [get(member, ["relationships", "user", "data", "id"]) for member in _related(layer, "members")]
        members = [{"user": {"id": user}} for user in users]
        layers.append({**(layer.get("attributes") or {}), "id": layer.get("id"), "members": members})
    return _with(resource, "layers", layers)


def _target(target: Json) -> Json:
    """Return a step's target; of a configured schedule, with its position."""
    schedule = get(target, ["relationships", "schedule", "data", "id"])
    if schedule is None:
        return {"type": target.get("type"), "id": target.get("id")}
    position = get(target, ["attributes", "position"])
    return {"type": "schedules", "id": schedule, "config": {"schedule": {"position": position}}}


def _policy(resource: Json, _declared: Properties) -> Json:
    steps = [
        {
            **(step.get("attributes") or {}),
            "id": step.get("id"),
            "targets": [_target(target) for target in _related(step, "targets")],
        }
        for step in _related(resource, "steps")
    ]
    return _with(resource, "steps", steps)


def _rules(resource: Json, declared: Properties) -> Json:
    rules = []
    declared_rules = declared.get("rules") or []
    for index, rule in enumerate(_related(resource, "rules")):
        normalized = {**(rule.get("attributes") or {}), "id": rule.get("id")}
        policy = get(rule, ["relationships", "policy", "data", "id"])
        if index < len(declared_rules) and any(
            "escalationPolicy" in action for action in declared_rules[index].get("actions") or []
        ):
            normalized.pop("urgency", None)  # belongs to the action, and is answered for the rule too
        elif policy:
            normalized["policy_id"] = policy
        rules.append(normalized)
    return _with(resource, "rules", rules)


def _adjust_schedule(write: Write, body: Json) -> Json:
    """Set the ids of existing layers in an update. It cannot remove the last team: the published one sends none."""
    if write.action == "update":
        ids = {layer.get("name"): layer.get("id") for layer in write.old_state.get("layers") or []}
        for layer in body["attributes"]["layers"]:
            if ids.get(layer["name"]):
                layer["id"] = ids[layer["name"]]
    return body


def _adjust_teams(write: Write, body: Json) -> Json:
    if write.action == "update" and write.old_inputs.get("teams") and not write.inputs.get("teams"):
        body["relationships"] = {"teams": {"data": []}}
    return body


def _with_team_id(write: Write, body: Json) -> Json:
    return {**body, "id": write.inputs["teamId"]}


def _without_empty(_client: DatadogClient, _id: str, resource: Json) -> Json:
    """Treat the routing rules of a team without rules as deleted."""
    return resource if get(resource, ["relationships", "rules", "data"]) else None


def _delete_rules(client: DatadogClient, id: str, _properties: Properties) -> None:
    body = {"data": {"id": id, "type": "team_routing_rules"}}
    client.call(f"PUT /api/v2/on-call/teams/{escape(id)}/routing-rules", body)


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    schedules, policies = "/api/v2/on-call/schedules", "/api/v2/on-call/escalation-policies"
    layers, targets = "?include=layers,layers.members.user", "?include=steps.targets"
    rules = "/api/v2/on-call/teams/{teamId}/routing-rules?include=rules"
    return {
        "datadog:index/onCallSchedule:OnCallSchedule": jsonapi(
            account,
            "schedules",
            schedules,
            Property("name", required=True),
            Property("timeZone", required=True),
            Property("layers", ListOf(_LAYER), required=True),
            _TEAMS,
            create_at=f"POST {schedules}{layers}",
            read_at=f"GET {schedules}/{{id}}{layers}",
            update_at=f"PUT {schedules}/{{id}}{layers}",
            adjust_body=_adjust_schedule,
            normalize_answer=_schedule,
        ),
        "datadog:index/onCallEscalationPolicy:OnCallEscalationPolicy": jsonapi(
            account,
            "policies",
            policies,
            Property("name", required=True),
            Property("retries", INT, default=0),
            Property("resolvePageOnPolicyEnd", default=False),
            Property("steps", ListOf(_STEP), required=True),
            _TEAMS,
            create_at=f"POST {policies}{targets}",
            read_at=f"GET {policies}/{{id}}{targets}",
            update_at=f"PUT {policies}/{{id}}{targets}",
            adjust_body=_adjust_teams,
            normalize_answer=_policy,
        ),
        "datadog:index/onCallTeamRoutingRules:OnCallTeamRoutingRules": jsonapi(
            account,
            "team_routing_rules",
            "",
            Property("teamId", required=True, local=True),
            Property("rules", ListOf(_RULE)),
            envelope=JsonApi("team_routing_rules", update_id="none"),
            create_at=f"PUT {rules}",
            read_at="GET /api/v2/on-call/teams/{id}/routing-rules?include=rules",
            update_at=f"PUT {rules}",
            adjust_body=_with_team_id,
            normalize_answer=_rules,
            complete_read=_without_empty,
            id_of=lambda _, inputs: str(inputs["teamId"]),
            id_properties=("teamId",),
            delete_with=_delete_rules,
        ),
    }
