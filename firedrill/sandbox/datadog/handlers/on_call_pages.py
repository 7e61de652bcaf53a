"""On-call pages: https://docs.datadoghq.com/api/latest/on-call-paging/ ."""

import uuid

from firedrill.sandbox.datadog.account import PAGES, TEAMS, USERS, iso
from firedrill.sandbox.datadog.handlers.on_call_responses import not_found
from firedrill.sandbox.datadog.handlers.on_call_routing import check_team
from firedrill.sandbox.datadog.http.collection import is_uuid
from firedrill.sandbox.datadog.http.handler import ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.paging import numbered_meta, numbered_page
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body


@serves("v2.create_on_call_page")
def create_page(call: Call) -> ApiResponse:
    """Page a team or a user; live behaviour sees the object and does it."""
    attributes = call.body["data"]["attributes"]
    target = attributes["target"]
    if target.get("type") == "team_handle" and not any(
        team["attributes"]["handle"] == target.get("identifier") for team in call.list(TEAMS)
    ):
        raise not_found("team", str(target.get("identifier")))
    if target.get("type") == "team_id":
        check_team(call, str(target.get("identifier")))
    if target.get("type") == "user_id" and call.get(USERS, str(target.get("identifier"))) is None:
        raise not_found("user", str(target.get("identifier")))
    identifier = str(uuid.uuid4())
    page = {
        "id": identifier,
        "type": "pages",
        "attributes": {**attributes, "status": "triggered", "created_at": iso(call.now)},
    }
    call.put(PAGES, identifier, page)
    return ApiResponse({"data": {"id": identifier, "type": "pages"}})


@serves("v2.list_on_call_pages")
def list_pages(call: Call) -> ApiResponse:
    """Return pages, oldest first, that match each term of ``filter[query]``.

    A term is ``*``, a tag, ``member:value`` or a word of the title. This is an approximation:
    https://docs.datadoghq.com/api/latest/on-call/list-on-call-pages/ says only that filters such as status, urgency,
    team, service and tags are supported.
    """
    terms = (call.query.get("filter[query]") or "*").split()
    pages = [page for page in call.list(PAGES) if all(_matches_term(page["attributes"], term) for term in terms)]
    return ApiResponse({"data": numbered_page(call, pages), "meta": numbered_meta(call, len(pages), 10)})


def _matches_term(attributes: Body, term: str) -> bool:
    key, _, value = term.partition(":")
    words = str(attributes.get("title")).lower().split()
    return (
        term == "*"
        or term in (attributes.get("tags") or ())
        or str(attributes.get(key)) == value
        or term.lower() in words
    )


def set_page_status(call: Call, status: str) -> ApiResponse:
    """Set the status of a page."""
    identifier = call.path["page_id"]
    if not is_uuid(identifier):
        raise generic_error(400, f"invalid page id: {identifier}")
    page = call.get(PAGES, identifier)
    if page is None:
        raise not_found("page", identifier)
    page["attributes"] |= {"status": status, f"{status}_at": iso(call.now)}
    call.put(PAGES, identifier, page)
    return ApiResponse(None, 202)


@serves("v2.acknowledge_on_call_page")
def acknowledge(call: Call) -> ApiResponse:
    """Acknowledge a page."""
    return set_page_status(call, "acknowledged")


@serves("v2.escalate_on_call_page")
def escalate(call: Call) -> ApiResponse:
    """Escalate a page."""
    return set_page_status(call, "escalated")


@serves("v2.resolve_on_call_page")
def resolve(call: Call) -> ApiResponse:
    """Resolve a page."""
    return set_page_status(call, "resolved")
