"""On-Call schedules, escalation policies, routing rules (https://docs.datadoghq.com/api/latest/on-call/).

Requests nest layers, steps and rules; answers refer to them and put them beside the resource, under `included`.
"""

from collections.abc import Iterator

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import Listed, OneOf
from firedrill.sandbox.providers.datadog.objects import Field, Object, get
from firedrill.sandbox.providers.datadog.shapes import INSTANT, INT, TEXT, Json, Shape, Within
from firedrill.sandbox.providers.values import Properties, Value

_TEAMS = Field(
    "teams", Listed(Within(("id",), TEXT, (("type", "teams"),))), at="/relationships/teams/data", zero="omit"
)
_RESTRICTIONS = Listed(Object((Field("startDay"), Field("startTime"), Field("endDay"), Field("endTime"))))
_LAYER = Object(
    (
        Field("name"),
        Field("effectiveDate", INSTANT),
        Field("endDate", INSTANT),
        Field("rotationStart", INSTANT),
        Field("timeZone"),
        Field("interval", Object((Field("days", INT, default=0), Field("seconds", INT, default=0)))),
        Field("restrictions", _RESTRICTIONS, zero="omit"),
        Field("users", Listed(Within(("user", "id"), TEXT)), at="members"),
        Field("id", output=True),
    )
)
_TYPES = {"user": "users", "schedule": "schedules", "team": "teams"}


class _Target(Shape):
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
        Field("assignment", default="default"),
        Field("escalateAfterSeconds", INT),
        Field("targets", Listed(_Target())),
        Field("id", output=True),
    )
)
_SUPPORT_HOURS = Object((Field("timeZone"), Field("restrictions", _RESTRICTIONS)))
_ACTIONS = OneOf(
    "type",
    {
        "sendSlackMessage": ("send_slack_message", Object((Field("channel"), Field("workspace")))),
        "sendTeamsMessage": ("send_teams_message", Object((Field("channel"), Field("team"), Field("tenant")))),
        "triggerWorkflowAutomation": ("workflow", Object((Field("handle"),))),
        "rerouteToTeam": ("reroute_to_team", Object((Field("destinationTeamId"),))),
        "escalationPolicy": (
            "escalation_policy",
            Object(
                (
                    Field("policyId"),
                    Field("ackTimeoutMinutes", INT),
                    Field("urgency"),
                    Field("supportHours", _SUPPORT_HOURS),
                )
            ),
        ),
    },
)
_RULE = Object(
    (
        Field("query", default=""),
        Field("urgency"),
        Field("escalationPolicy", at="policy_id"),
        Field("timeRestrictions", _SUPPORT_HOURS, at="time_restriction"),
        Field("actions", Listed(_ACTIONS), empty=[]),
        Field("id", output=True),
    )
)


def _related(resource: Json, relation: str) -> Iterator[Json]:
    """What a relationship names, as it is included."""
    included = {(one.get("type"), one.get("id")): one for one in resource.get("included") or []}
    for one in get(resource, ["relationships", relation, "data"]) or []:
        found = included.get((one.get("type"), one.get("id"))) or {}
        yield {**one, **found, "included": resource.get("included")}


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
    """A target of a step: a configured schedule names its schedule and position."""
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
    said = declared.get("rules") or []
    for index, rule in enumerate(_related(resource, "rules")):
        found = {**(rule.get("attributes") or {}), "id": rule.get("id")}
        policy = get(rule, ["relationships", "policy", "data", "id"])
        if index < len(said) and any("escalationPolicy" in action for action in said[index].get("actions") or []):
            found.pop("urgency", None)  # the action's own, answered for the rule too
        elif policy:
            found["policy_id"] = policy
        rules.append(found)
    return _with(resource, "rules", rules)


def _keep_layers(step: Step, body: Json) -> Json:
    """An update names the layers that exist by their ids, and says when no team is left."""
    if step.doing == "update":
        known = {layer.get("name"): layer.get("id") for layer in step.old_state.get("layers") or []}
        for layer in body["attributes"]["layers"]:
            if known.get(layer["name"]):
                layer["id"] = known[layer["name"]]
    return _leave_teams(step, body)


def _leave_teams(step: Step, body: Json) -> Json:
    if step.doing == "update" and step.old_inputs.get("teams") and not step.inputs.get("teams"):
        body["relationships"] = {"teams": {"data": []}}
    return body


def _name_team(step: Step, body: Json) -> Json:
    return {**body, "id": step.inputs["teamId"]}


def _empty(_api: Api, _id: str, resource: Json) -> Json:
    """A team without rules is a team whose routing rules are gone."""
    return resource if get(resource, ["relationships", "rules", "data"]) else None


def _clear(api: Api, id: str, _known: Properties) -> None:
    body = {"data": {"id": id, "type": "team_routing_rules"}}
    api.call(f"PUT /api/v2/on-call/teams/{escape(id)}/routing-rules", body)


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    schedules, policies = "/api/v2/on-call/schedules", "/api/v2/on-call/escalation-policies"
    layers, targets = "?include=layers,layers.members.user", "?include=steps.targets"
    rules = "/api/v2/on-call/teams/{teamId}/routing-rules?include=rules"
    return {
        "datadog:index/onCallSchedule:OnCallSchedule": jsonapi(
            account,
            "schedules",
            schedules,
            Field("name", required=True),
            Field("timeZone", required=True),
            Field("layers", Listed(_LAYER), required=True),
            _TEAMS,
            create_at=f"POST {schedules}{layers}",
            read_at=f"GET {schedules}/{{id}}{layers}",
            update_at=f"PUT {schedules}/{{id}}{layers}",
            adapt=_keep_layers,
            normalize=_schedule,
        ),
        "datadog:index/onCallEscalationPolicy:OnCallEscalationPolicy": jsonapi(
            account,
            "policies",
            policies,
            Field("name", required=True),
            Field("retries", INT, default=0),
            Field("resolvePageOnPolicyEnd", default=False),
            Field("steps", Listed(_STEP), required=True),
            _TEAMS,
            create_at=f"POST {policies}{targets}",
            read_at=f"GET {policies}/{{id}}{targets}",
            update_at=f"PUT {policies}/{{id}}{targets}",
            adapt=_leave_teams,
            normalize=_policy,
        ),
        "datadog:index/onCallTeamRoutingRules:OnCallTeamRoutingRules": jsonapi(
            account,
            "team_routing_rules",
            "",
            Field("teamId", required=True, replace=True, local=True),
            Field("rules", Listed(_RULE)),
            envelope=JsonApi("team_routing_rules"),
            create_at=f"PUT {rules}",
            read_at="GET /api/v2/on-call/teams/{id}/routing-rules?include=rules",
            update_at=f"PUT {rules}",
            adapt=_name_team,
            normalize=_rules,
            complete=_empty,
            identify=lambda _, inputs: str(inputs["teamId"]),
            named=("teamId",),
            forget=_clear,
        ),
    }
