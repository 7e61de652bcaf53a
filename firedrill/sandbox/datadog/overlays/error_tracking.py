"""Error Tracking issues: https://docs.datadoghq.com/api/latest/error-tracking/ .

Issues are objects of the kind ``error_tracking_issues``, which the intake puts (:mod:`.intake.errors`): the ``issue``
of API v2, with ``total_count`` and ``tracks`` beside it.
"""

import uuid

from firedrill.sandbox.datadog.forms import typed
from firedrill.sandbox.datadog.intake.errors import ISSUES
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

STATES = ("OPEN", "ACKNOWLEDGED", "RESOLVED", "IGNORED", "EXCLUDED")


def find(call: Call) -> Body:
    """The issue of the path. Raises :class:`ApiError` 404."""
    found = call.get(ISSUES, call.path["issue_id"])
    if found is None:
        raise typed(404, "issue not found")
    return found


@serves("v2.search_issues")
def search(call: Call) -> Answer:
    """Issues of a track seen between ``from`` and ``to`` (epoch milliseconds) whose service the query names."""
    given = call.body["data"]["attributes"]
    terms = dict(term.split(":", 1) for term in given["query"].split() if ":" in term)
    data, issues = [], []
    for one in call.list(ISSUES):
        attributes = one["attributes"]
        seen = attributes["last_seen"] >= given["from"] and attributes["first_seen"] <= given["to"]
        if given.get("track") and given["track"] not in one.get("tracks", ()):
            continue
        if seen and terms.get("service", attributes["service"]) == attributes["service"]:
            related = {"issue": {"data": {"id": one["id"], "type": "issue"}}}
            counts = {"impacted_sessions": 0, "impacted_users": 0, "total_count": one.get("total_count", 1)}
            issues.append(public(one))
            data.append(
                {
                    "id": one["id"],
                    "type": "error_tracking_search_result",
                    "attributes": counts,
                    "relationships": related,
                }
            )
    wanted = data and "issue" in call.query.get("include", "").split(",")
    return Answer({"data": data, **({"included": issues} if wanted else {})})


def public(body: Body) -> Body:
    """An issue as it is answered."""
    return {key: body[key] for key in ("id", "type", "attributes", "relationships") if key in body}


@serves("v2.get_issue")
def get(call: Call) -> Answer:
    """One issue."""
    return Answer({"data": public(find(call))})


@serves("v2.update_issue_state", checked=False)
def set_state(call: Call) -> Answer:
    """Change the state of an issue; that it exists is looked at before what is asked for."""
    body = find(call)
    wanted = call.body
    for member in ("data", "attributes", "state"):
        wanted = wanted.get(member) if isinstance(wanted, dict) else None
    if wanted not in STATES:
        raise typed(400, f"state: must be one of {', '.join(STATES)}")
    body["attributes"]["state"] = wanted
    call.put(ISSUES, body["id"], body)
    return Answer({"data": public(body), "included": []})


@serves("v2.update_issue_assignee")
def assign(call: Call) -> Answer:
    """Give an issue to a user."""
    identifier = str(call.body["data"]["id"])
    try:
        uuid.UUID(identifier)
    except ValueError as error:
        raise typed(400, f"invalid UUID length: {len(identifier)}") from error
    body = find(call)
    body.setdefault("relationships", {})["assignee"] = {"data": {"id": identifier, "type": "user"}}
    call.put(ISSUES, body["id"], body)
    return Answer({"data": public(body)})


@serves("v2.delete_issue_assignee")
def unassign(call: Call) -> Answer:
    """Take an issue from its user."""
    body = find(call)
    body.get("relationships", {}).pop("assignee", None)
    call.put(ISSUES, body["id"], body)
    return NO_CONTENT
