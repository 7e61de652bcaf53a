"""Error Tracking issues: https://docs.datadoghq.com/api/latest/error-tracking/ .

The intake stores issues (:mod:`..intake.error_tracking`): the ``issue`` of API v2 with ``total_count`` and ``tracks``.
"""

import json

from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import titled_error
from firedrill.sandbox.datadog.intake.error_tracking import ISSUES
from firedrill.sandbox.datadog.store import Body

STATES = ("OPEN", "ACKNOWLEDGED", "RESOLVED", "IGNORED", "EXCLUDED")


def find(call: Call) -> Body:
    """Return the issue of the path. Raises :class:`ApiError` 400, 404."""
    if not is_uuid(call.path["issue_id"]):
        raise titled_error(400, "issue id is not an uuid")
    issue = call.get(ISSUES, call.path["issue_id"])
    if issue is None:
        raise titled_error(404, "issue not found")
    return issue


@serves("v2.search_issues")
def search_issues(call: Call) -> ApiResponse:
    """Return the issues of a track and a service seen between ``from`` and ``to`` (epoch milliseconds)."""
    search = call.body["data"]["attributes"]
    terms = dict(term.split(":", 1) for term in search["query"].split() if ":" in term)
    data, issues = [], []
    for issue in call.list(ISSUES):
        attributes = issue["attributes"]
        seen = attributes["last_seen"] >= search["from"] and attributes["first_seen"] <= search["to"]
        if search.get("track") and search["track"] not in issue.get("tracks", ()):
            continue
        if seen and terms.get("service", attributes["service"]) == attributes["service"]:
            related = {"issue": {"data": {"id": issue["id"], "type": "issue"}}}
            counts = {"impacted_sessions": 0, "impacted_users": 0, "total_count": issue.get("total_count", 1)}
            issues.append(issue_response(issue))
            data.append(
                {
                    "id": issue["id"],
                    "type": "error_tracking_search_result",
                    "attributes": counts,
                    "relationships": related,
                }
            )
    include = data and "issue" in call.query.get("include", "").split(",")
    return ApiResponse({"data": data, **({"included": issues} if include else {})})


def issue_response(body: Body) -> Body:
    """Return an issue as responses have it."""
    return {key: body[key] for key in ("id", "type", "attributes", "relationships") if key in body}


@serves("v2.get_issue")
def get(call: Call) -> ApiResponse:
    """Return one issue."""
    return ApiResponse({"data": issue_response(find(call))})


@serves("v2.update_issue_state", validated=False)
def set_state(call: Call) -> ApiResponse:
    """Change the state of an issue. A wrong state is reported before a missing issue."""
    state = call.body
    for member in ("data", "attributes", "state"):
        state = state.get(member) if isinstance(state, dict) else None
    if str(state).upper() not in STATES:
        raise titled_error(400, f"invalid json value for IssueState: {json.dumps(state)}")
    issue = find(call)
    issue["attributes"]["state"] = str(state).upper()
    call.put(ISSUES, issue["id"], issue)
    return ApiResponse({"data": issue_response(issue), "included": []})
