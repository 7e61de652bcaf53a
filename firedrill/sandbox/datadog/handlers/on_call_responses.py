"""Parts that the On-Call endpoints share: errors, lookups, and responses with ``included`` objects.

Stored bodies nest layers and steps. Responses refer to them by id and put them under ``included`` as far as the
``include`` parameter asks: https://docs.datadoghq.com/api/latest/on-call/ .
"""

from firedrill.sandbox.datadog.account import ESCALATION_POLICIES, SCHEDULES, TEAMS, USERS
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body


def not_found(what: str, identifier: str) -> ApiError:
    """Return a 404 in this family's format."""
    return generic_error(404, f"{what}[{identifier}] not found")


def find(call: Call, kind: str, what: str, parameter: str) -> Body:
    """Return the object of the path. Raises :class:`ApiError` 404."""
    body = call.get(kind, call.path[parameter])
    if body is None:
        raise not_found(what, call.path[parameter])
    return body


def short_user(call: Call, identifier: str) -> Body | None:
    """Return a user as On-Call responses include it."""
    user = call.get(USERS, identifier)
    if user is None:
        return None
    user_attributes = user["attributes"]
    attributes = {
        "email": user_attributes["email"],
        "name": user_attributes["name"] or "",
        "status": user_attributes["status"].lower(),
    }
    return {"id": identifier, "type": "users", "attributes": attributes}


def short_team(call: Call, identifier: str) -> Body | None:
    """Return a team as On-Call responses include it."""
    team = call.get(TEAMS, identifier)
    if team is None:
        return None
    team_attributes = team["attributes"]
    attributes = {key: team_attributes.get(key) or "" for key in ("avatar", "description", "handle", "name")}
    return {"id": identifier, "type": "teams", "attributes": attributes}


def included_entries(call: Call, body: Body) -> list[Body]:
    """Return what ``include`` asks for: paths like ``layers.members.user`` follow relationships from the object.

    Parts of the object come first, each step with its targets, then what they refer to.
    """
    parts = {(entry["type"], entry["id"]): entry for entry in body["included"]}
    selected: dict[tuple[str, str], Body] = {}
    for path in call.query.get("include", "").split(","):
        level = [body["data"]]
        for name in filter(None, path.split(".")):
            level = [entry for outer in level for entry in related_entries(call, outer, name, parts)]
            selected.update({(entry["type"], entry["id"]): entry for entry in level})
    own = {place: number for number, place in enumerate(parts)}
    return sorted(selected.values(), key=lambda entry: own.get((entry["type"], entry["id"]), len(own)))


def related_entries(call: Call, outer: Body, name: str, parts: dict[tuple[str, str], Body]) -> list[Body]:
    """Return the objects that a relationship of an object names."""
    data = outer.get("relationships", {}).get(name, {}).get("data") or []
    references = data if isinstance(data, list) else [data]
    entries = []
    for reference in references:
        match reference["type"]:
            case "users":
                entry = short_user(call, reference["id"])
            case "teams":
                entry = short_team(call, reference["id"])
            case "schedules":
                entry = (call.get(SCHEDULES, reference["id"]) or {}).get("data")
            case "policies":
                entry = (call.get(ESCALATION_POLICIES, reference["id"]) or {}).get("data")
            case _:
                entry = parts.get((reference["type"], reference["id"]))
        if entry is not None:
            entries.append(entry)
    return entries


def respond(call: Call, body: Body, status: int = 200) -> ApiResponse:
    """Return an object with what ``include`` asks for."""
    response: Body = {"data": body["data"]}
    if call.query.get("include"):
        response["included"] = included_entries(call, body)
    return ApiResponse(response, status)


def teams_of(data: Body) -> list[Body]:
    """Return references to the teams of a request."""
    references = data.get("relationships", {}).get("teams", {}).get("data") or []
    return [{"id": reference["id"], "type": "teams"} for reference in references]
