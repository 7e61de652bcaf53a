"""Routing rules, who is on call, pages, and how people are reached: https://docs.datadoghq.com/api/latest/on-call/ ."""

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from firedrill.notify.oncall import shift_at
from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, PAGES, ROUTING_RULES, SCHEDULES, TEAMS, USERS, iso
from firedrill.sandbox.datadog.collection import is_uuid
from firedrill.sandbox.datadog.overlays.on_call import answer, find, invalid, missing
from firedrill.sandbox.datadog.paging import numbered_meta, numbered_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

CHANNELS = "notification_channels"
RULES = "user_notification_rules"


def team_exists(call: Call, identifier: str) -> None:
    """Raise :class:`ApiError` 404 unless the team exists."""
    if call.get(TEAMS, identifier) is None:
        raise missing("team", identifier)


@serves("v2.set_on_call_team_routing_rules")
def set_rules(call: Call) -> Answer:
    """Replace the routing rules of a team."""
    team = call.path["team_id"]
    team_exists(call, team)
    rules = []
    for n, given in enumerate((call.body["data"].get("attributes") or {}).get("rules") or []):
        actions = given.get("actions") or []
        policy = given.get("policy_id") or next((one["policy_id"] for one in actions if one.get("policy_id")), None)
        if policy is not None and call.get(ESCALATION_POLICIES, policy) is None:
            raise missing("escalation_policy", policy)
        attributes: Body = {
            "actions": actions,
            "query": given.get("query") or "",
            "urgency": given.get("urgency") or next((one["urgency"] for one in actions if one.get("urgency")), "high"),
        }
        if given.get("time_restriction") is not None:
            attributes["time_restriction"] = given["time_restriction"]
        identifier = given.get("id") or f"virtual-{team}-rule-{n}"
        related = {"policy": {"data": {"id": policy, "type": "policies"} if policy else None}}
        rules.append(
            {"id": identifier, "type": "team_routing_rules", "attributes": attributes, "relationships": related}
        )
    references = [{"id": one["id"], "type": "team_routing_rules"} for one in rules]
    data = {"id": team, "type": "team_routing_rules", "relationships": {"rules": {"data": references}}}
    body: Body = {"data": data, "included": rules}
    call.put(ROUTING_RULES, team, body)
    return answer(call, body)


@serves("v2.get_on_call_team_routing_rules")
def get_rules(call: Call) -> Answer:
    """The routing rules of a team."""
    team = call.path["team_id"]
    team_exists(call, team)
    empty = {"id": team, "type": "team_routing_rules", "relationships": {"rules": {"data": []}}}
    return answer(call, call.get(ROUTING_RULES, team) or {"data": empty, "included": []})


def moment(call: Call, name: str) -> datetime:
    """A moment of the query string, now by default. Raises :class:`ApiError` 400."""
    text = call.query.get(name)
    if not text:
        return call.now
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"invalid {name}: {text[:100]}") from error
    return found if found.tzinfo else found.replace(tzinfo=call.now.tzinfo)


@serves("v2.get_schedule_on_call_user")
def on_call_user(call: Call) -> Answer:
    """Who a schedule has on call at ``filter[at_ts]``, now by default; the data is null when nobody is."""
    body = find(call, SCHEDULES, "schedule", "schedule_id")
    zone = ZoneInfo(body["data"]["attributes"]["time_zone"])
    shift = shift_at(body, moment(call, "filter[at_ts]"))
    if shift is None:
        return Answer({"data": None})
    start, end = shift.start.astimezone(zone).isoformat(), shift.end.astimezone(zone).isoformat()
    data: Body = {
        "id": f"{shift.user_id}-{start}-{end}",
        "type": "shifts",
        "attributes": {"start": start, "end": end},
        "relationships": {"user": {"data": {"id": shift.user_id, "type": "users"}}},
    }
    return answer(call, {"data": data, "included": []})


def on_call_of(call: Call, target: Body, known: dict[str, Body]) -> list[str]:
    """The users behind a step's target."""
    identifier, position = target["id"], "current"
    if target["type"] == "users":
        return [identifier]
    if target["type"] == "schedule_target":
        entry = known[identifier]
        identifier, position = entry["relationships"]["schedule"]["data"]["id"], entry["attributes"]["position"]
    if target["type"] in ("schedules", "schedule_target"):
        schedule = call.get(SCHEDULES, identifier)
        shift = shift_at(schedule, call.now, position=position) if schedule else None  # type: ignore[arg-type]  # a Position
        return [shift.user_id] if shift else []
    return []


@serves("v2.get_team_on_call_users")
def team_on_call(call: Call) -> Answer:
    """Who a team's last routing rule would page: first step's people as responders, further steps as escalations."""
    team = call.path["team_id"]
    team_exists(call, team)
    steps: list[list[str]] = []
    rules = (call.get(ROUTING_RULES, team) or {"included": []})["included"]
    policy_id = ((rules[-1]["relationships"]["policy"]["data"] or {}).get("id")) if rules else None
    policy = call.get(ESCALATION_POLICIES, policy_id) if policy_id else None
    if policy is not None:
        known = {one["id"]: one for one in policy["included"]}
        for reference in policy["data"]["relationships"]["steps"]["data"]:
            targets = known[reference["id"]]["relationships"]["targets"]["data"]
            steps.append([user for target in targets for user in on_call_of(call, target, known)])
    escalations: list[Body] = []
    for n, users in enumerate(steps[1:]):
        data = [{"id": user, "type": "users"} for user in dict.fromkeys(users)]
        identifier = f"{policy_id}-step-{n + 1}"
        escalations.append(
            {"id": identifier, "type": "escalation_policy_steps", "relationships": {"responders": {"data": data}}}
        )
    responders = [{"id": user, "type": "users"} for user in dict.fromkeys(steps[0] if steps else [])]
    data_body: Body = {
        "id": f"{team}-{call.seconds}",
        "type": "team_oncall_responders",
        "relationships": {
            "escalations": {"data": [{"id": one["id"], "type": one["type"]} for one in escalations]},
            "responders": {"data": responders},
        },
    }
    return answer(call, {"data": data_body, "included": escalations})


@serves("v2.create_on_call_page")
def create_page(call: Call) -> Answer:
    """Page a team or a user. The live part sees the object and pages."""
    attributes = call.body["data"]["attributes"]
    target = attributes["target"]
    if target.get("type") == "team_handle" and not any(
        team["attributes"]["handle"] == target.get("identifier") for team in call.list(TEAMS)
    ):
        raise missing("team", str(target.get("identifier")))
    if target.get("type") == "team_id":
        team_exists(call, str(target.get("identifier")))
    if target.get("type") == "user_id" and call.get(USERS, str(target.get("identifier"))) is None:
        raise missing("user", str(target.get("identifier")))
    identifier = str(uuid.uuid4())
    page = {
        "id": identifier,
        "type": "pages",
        "attributes": {**attributes, "status": "triggered", "created_at": iso(call.now)},
    }
    call.put(PAGES, identifier, page)
    return Answer({"data": {"id": identifier, "type": "pages"}})


@serves("v2.list_on_call_pages")
def list_pages(call: Call) -> Answer:
    """Pages, the oldest first; each term of ``filter[query]`` is ``*``, a tag, a member or a word of the title.

    https://docs.datadoghq.com/api/latest/on-call/list-on-call-pages/; that a tag is a term as it stands is read from
    "supports filters such as status, urgency, team, service, and tags", an approximation.
    """
    terms = (call.query.get("filter[query]") or "*").split()
    found = [one for one in call.list(PAGES) if all(_page_has(one["attributes"], term) for term in terms)]
    return Answer({"data": numbered_page(call, found), "meta": numbered_meta(call, len(found), 10)})


def _page_has(attributes: Body, term: str) -> bool:
    key, _, value = term.partition(":")
    words = str(attributes.get("title")).lower().split()
    return (
        term == "*"
        or term in (attributes.get("tags") or ())
        or str(attributes.get(key)) == value
        or term.lower() in words
    )


def change_page(call: Call, status: str) -> Answer:
    """Note what somebody did with a page."""
    identifier = call.path["page_id"]
    if not is_uuid(identifier):
        raise invalid(f"invalid page id: {identifier}")
    page = call.get(PAGES, identifier)
    if page is None:
        raise missing("page", identifier)
    page["attributes"] |= {"status": status, f"{status}_at": iso(call.now)}
    call.put(PAGES, identifier, page)
    return Answer(None, 202)


@serves("v2.acknowledge_on_call_page")
def acknowledge(call: Call) -> Answer:
    """Acknowledge a page."""
    return change_page(call, "acknowledged")


@serves("v2.escalate_on_call_page")
def escalate(call: Call) -> Answer:
    """Escalate a page."""
    return change_page(call, "escalated")


@serves("v2.resolve_on_call_page")
def resolve(call: Call) -> Answer:
    """Resolve a page."""
    return change_page(call, "resolved")


def user_exists(call: Call) -> str:
    """The user of the path. Raises :class:`ApiError` 404."""
    if call.get(USERS, call.path["user_id"]) is None:
        raise missing("user", call.path["user_id"])
    return call.path["user_id"]


def find_own(call: Call, kind: str, what: str, parameter: str) -> Body:
    """A channel or rule of the user of the path. Raises :class:`ApiError` 404."""
    user, identifier = user_exists(call), call.path[parameter]
    found = call.get(kind, identifier)
    if found is None or found["user"] != user:
        raise missing(what, identifier)
    return found


def public(body: Body) -> Body:
    """A channel or rule as it is answered."""
    return {key: value for key, value in body.items() if key != "user"}


@serves("v2.create_user_notification_channel")
def create_channel(call: Call) -> Answer:
    """Say how to reach a user."""
    user, identifier = user_exists(call), str(uuid.uuid4())
    config = call.body["data"]["attributes"]["config"]
    body: Body = {"id": identifier, "type": "notification_channels", "attributes": {"active": True, "config": config}}
    call.put(CHANNELS, identifier, {**body, "user": user})
    return Answer({"data": body}, 201)


@serves("v2.get_user_notification_channel")
def get_channel(call: Call) -> Answer:
    """One channel."""
    return Answer({"data": public(find_own(call, CHANNELS, "notification_channel", "channel_id"))})


@serves("v2.list_user_notification_channels")
def list_channels(call: Call) -> Answer:
    """The channels of a user."""
    user = user_exists(call)
    return Answer({"data": [public(one) for one in call.list(CHANNELS) if one["user"] == user]})


@serves("v2.delete_user_notification_channel")
def delete_channel(call: Call) -> Answer:
    """Delete a channel; rules on it go with it."""
    found = find_own(call, CHANNELS, "notification_channel", "channel_id")
    for rule in call.list(RULES):
        if rule["relationships"]["channel"]["data"]["id"] == found["id"]:
            call.delete(RULES, rule["id"])
    call.delete(CHANNELS, found["id"])
    return NO_CONTENT


def rule_body(call: Call, identifier: str) -> Body:
    """A rule from a body. Raises :class:`ApiError` 404."""
    data = call.body["data"]
    reference: Any = data["relationships"]["channel"]["data"]
    if call.get(CHANNELS, reference["id"]) is None:
        raise missing("notification_channel", reference["id"])
    related = {"channel": {"data": {"id": reference["id"], "type": "notification_channels"}}}
    return {"id": identifier, "type": "notification_rules", "attributes": data["attributes"], "relationships": related}


def rule_answer(call: Call, body: Body, status: int = 200) -> Answer:
    """A rule, with its channel when asked."""
    found: Body = {"data": public(body)}
    channel = call.get(CHANNELS, body["relationships"]["channel"]["data"]["id"])
    if call.query.get("include") == "channel" and channel is not None:
        found["included"] = [public(channel)]
    return Answer(found, status)


@serves("v2.create_user_notification_rule")
def create_rule(call: Call) -> Answer:
    """Say when a user is reached over a channel."""
    user = user_exists(call)
    body = {**rule_body(call, str(uuid.uuid4())), "user": user}
    call.put(RULES, body["id"], body)
    return rule_answer(call, body, 201)


@serves("v2.get_user_notification_rule")
def get_rule(call: Call) -> Answer:
    """One rule."""
    return rule_answer(call, find_own(call, RULES, "notification_rule", "rule_id"))


@serves("v2.list_user_notification_rules")
def list_rules(call: Call) -> Answer:
    """The rules of a user."""
    user = user_exists(call)
    return Answer({"data": [public(one) for one in call.list(RULES) if one["user"] == user]})


@serves("v2.update_user_notification_rule")
def update_rule(call: Call) -> Answer:
    """Replace a rule."""
    old = find_own(call, RULES, "notification_rule", "rule_id")
    body = {**rule_body(call, old["id"]), "user": old["user"]}
    call.put(RULES, body["id"], body)
    return rule_answer(call, body)


@serves("v2.delete_user_notification_rule")
def delete_rule(call: Call) -> Answer:
    """Delete a rule."""
    call.delete(RULES, find_own(call, RULES, "notification_rule", "rule_id")["id"])
    return NO_CONTENT
