"""Links of teams: https://docs.datadoghq.com/api/latest/teams/ ."""

import uuid

from firedrill.sandbox.datadog.handlers.teams import LINKS, find
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body


def find_link(call: Call) -> Body:
    """Return the link of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["link_id"]
    if not is_uuid(identifier):
        raise ApiError(404, f"{identifier} is not a valid UUID not found")
    team = find(call)
    link = call.get(LINKS, identifier)
    if link is None or link["attributes"]["team_id"] != team["id"]:
        raise ApiError(404, f"Link for ID {identifier} not found")
    return link


def check_link(attributes: Body) -> None:
    """Raise :class:`ApiError` 422 for an empty label or URL."""
    for key in ("label", "url"):
        if not attributes[key].strip():
            raise ApiError(422, f"{key} cannot be empty")


@serves("v2.create_team_link", invalid_status=422)
def create_link(call: Call) -> ApiResponse:
    """Add a link to a team."""
    team, requested = find(call), call.body["data"]["attributes"]
    check_link(requested)
    identifier = str(uuid.uuid1())
    attributes = {
        "team_id": team["id"],
        "label": requested["label"],
        "url": requested["url"],
        "position": requested.get("position", 0),
    }
    body = {"type": "team_links", "id": identifier, "attributes": attributes}
    call.put(LINKS, identifier, body)
    return ApiResponse({"data": body})


@serves("v2.get_team_link")
def get_link(call: Call) -> ApiResponse:
    """Return one link."""
    return ApiResponse({"data": find_link(call)})


@serves("v2.get_team_links")
def list_links(call: Call) -> ApiResponse:
    """Return the links of a team, ordered by position."""
    team = find(call)
    links = [link for link in call.list(LINKS) if link["attributes"]["team_id"] == team["id"]]
    return ApiResponse({"data": sorted(links, key=lambda link: int(link["attributes"]["position"]))})


@serves("v2.update_team_link", invalid_status=422)
def update_link(call: Call) -> ApiResponse:
    """Change a link."""
    link = find_link(call)
    link["attributes"] |= call.body["data"]["attributes"]
    check_link(link["attributes"])
    call.put(LINKS, link["id"], link)
    return ApiResponse({"data": link})


@serves("v2.delete_team_link")
def delete_link(call: Call) -> ApiResponse:
    """Remove a link."""
    call.delete(LINKS, find_link(call)["id"])
    return NO_CONTENT
