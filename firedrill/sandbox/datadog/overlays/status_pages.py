"""Status pages and what is announced on them: https://docs.datadoghq.com/api/latest/status-pages/ ."""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.forms import generic, user_reference, zulu
from firedrill.sandbox.datadog.paging import offset_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

PAGES = "status_pages"
EVENTS = "status_page_events"
"""Degradations and maintenances, with their ``page``."""


def people(call: Call) -> Body:
    """Who made and changed something."""
    return {"created_by_user": user_reference(call), "last_modified_by_user": user_reference(call)}


def component(given: Body, position: int, call: Call) -> Body:
    """A component or group of components from a body."""
    kind = given.get("type", "component")
    found: Body = {"id": str(uuid.uuid4()), "name": given["name"], "type": kind}
    if kind != "group":
        found["status"] = "operational"
    found["position"] = given.get("position", position)
    if kind == "group":
        found["components"] = [component(one, n, call) for n, one in enumerate(given.get("components") or [])]
    return found


def all_components(page: Body) -> list[Body]:
    """Components and groups of a page, those in groups too."""
    top = page["attributes"]["components"]
    return [one for outer in top for one in (outer, *outer.get("components", ()))]


def find(call: Call) -> Body:
    """The page of the path. Raises :class:`ApiError` 404."""
    found = call.get(PAGES, call.path["page_id"])
    if found is None:
        raise generic(404, "status page not found")
    return found


@serves("v2.create_status_page")
def create(call: Call) -> Answer:
    """Create a page."""
    given = call.body["data"]["attributes"]
    if any(one["attributes"]["domain_prefix"] == given["domain_prefix"] for one in call.list(PAGES)):
        raise generic(409, "domain prefix is already in use")
    identifier = str(uuid.uuid4())
    attributes: Body = {
        "company_logo": given.get("company_logo"),
        "components": [component(one, n, call) for n, one in enumerate(given.get("components") or [])],
        "created_at": zulu(call),
        "custom_domain": None,
        "custom_domain_enabled": False,
        "domain_prefix": given["domain_prefix"],
        "email_header_image": given.get("email_header_image"),
        "enabled": given.get("enabled", False),
        "favicon": given.get("favicon"),
        "modified_at": zulu(call),
        "name": given["name"],
        "page_url": f"https://app.datadoghq.com/status-pages/{identifier}/view",
        "subscriptions_enabled": given.get("subscriptions_enabled", False),
        "type": given["type"],
        "visualization_type": given["visualization_type"],
    }
    body = {"id": identifier, "type": "status_pages", "attributes": attributes, "relationships": people(call)}
    call.put(PAGES, identifier, body)
    return Answer({"data": body}, 201)


@serves("v2.get_status_page")
def get(call: Call) -> Answer:
    """One page."""
    return Answer({"data": find(call)})


def listed(call: Call, bodies: list[Body]) -> Answer:
    """A page of a list."""
    total = len(bodies)
    offset, limit = call.integer("page[offset]", 0, 0, 10**6), call.integer("page[limit]", 50, 1, 1000)
    page: dict[str, Any] = {
        "type": "offset_limit",
        "offset": offset,
        "limit": limit,
        "total": total,
        "first_offset": 0,
        "prev_offset": max(0, offset - limit) if offset else None,
        "next_offset": offset + limit if offset + limit < total else None,
        "last_offset": (total - 1) // limit * limit if total else 0,
    }
    return Answer({"data": offset_page(call, bodies, default=50), "meta": {"page": page}})


@serves("v2.list_status_pages")
def list_pages(call: Call) -> Answer:
    """All pages."""
    return listed(call, call.list(PAGES))


@serves("v2.update_status_page")
def update(call: Call) -> Answer:
    """Change a page."""
    body = find(call)
    given = copy.deepcopy(call.body["data"]["attributes"])
    if "components" in given:
        given["components"] = [component(one, n, call) for n, one in enumerate(given["components"])]
    body["attributes"] |= {**given, "modified_at": zulu(call)}
    call.put(PAGES, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_status_page")
def delete(call: Call) -> Answer:
    """Delete a page with what was announced on it."""
    identifier = find(call)["id"]
    for event in call.list(EVENTS):
        if event["page"] == identifier:
            call.delete(EVENTS, event["id"])
    call.delete(PAGES, identifier)
    return NO_CONTENT


@serves("v2.publish_status_page")
def publish(call: Call) -> Answer:
    """Show a page."""
    body = find(call)
    body["attributes"] |= {"enabled": True, "modified_at": zulu(call)}
    call.put(PAGES, body["id"], body)
    return NO_CONTENT


@serves("v2.unpublish_status_page")
def unpublish(call: Call) -> Answer:
    """Hide a page."""
    body = find(call)
    body["attributes"] |= {"enabled": False, "modified_at": zulu(call)}
    call.put(PAGES, body["id"], body)
    return NO_CONTENT


def component_answer(call: Call, page: Body, one: Body) -> Body:
    """A component by itself."""
    attributes = {
        **{key: value for key, value in one.items() if key not in ("id", "created_at", "modified_at")},
        "created_at": one.get("created_at", page["attributes"]["created_at"]),
        "modified_at": one.get("modified_at", page["attributes"]["modified_at"]),
    }
    outer = next((top for top in page["attributes"]["components"] if one in top.get("components", ())), None)
    related = {
        **people(call),
        "group": {"data": {"id": outer["id"], "type": "components"} if outer else None},
        "status_page": {"data": {"id": page["id"], "type": "status_pages"}},
    }
    return {"id": one["id"], "type": "components", "attributes": attributes, "relationships": related}


def find_component(call: Call, page: Body) -> Body:
    """The component of the path. Raises :class:`ApiError` 404."""
    for one in all_components(page):
        if one["id"] == call.path["component_id"]:
            return one
    raise generic(404, "component not found")


@serves("v2.create_component")
def create_component(call: Call) -> Answer:
    """Add a component, into a group when one is named."""
    page = find(call)
    data = call.body["data"]
    made = component(data["attributes"], len(page["attributes"]["components"]), call)
    made |= {"created_at": zulu(call), "modified_at": zulu(call)}
    group = ((data.get("relationships") or {}).get("group") or {}).get("data") or {}
    target = page["attributes"]["components"]
    if group:
        outer = next((one for one in target if one["id"] == group.get("id") and one["type"] == "group"), None)
        if outer is None:
            raise generic(404, "group not found")
        target = outer["components"]
    target.append(made)
    call.put(PAGES, page["id"], page)
    return Answer({"data": component_answer(call, page, made)}, 201)


@serves("v2.get_component")
def get_component(call: Call) -> Answer:
    """One component."""
    page = find(call)
    return Answer({"data": component_answer(call, page, find_component(call, page))})


@serves("v2.list_components")
def list_components(call: Call) -> Answer:
    """The components of a page."""
    page = find(call)
    return Answer({"data": [component_answer(call, page, one) for one in page["attributes"]["components"]]})


@serves("v2.update_component")
def update_component(call: Call) -> Answer:
    """Rename or move a component."""
    page = find(call)
    one = find_component(call, page)
    given = call.body["data"]["attributes"]
    one |= {key: given[key] for key in ("name", "position") if key in given}
    one["modified_at"] = zulu(call)
    call.put(PAGES, page["id"], page)
    return Answer({"data": component_answer(call, page, one)})


@serves("v2.delete_component")
def delete_component(call: Call) -> Answer:
    """Remove a component."""
    page = find(call)
    one = find_component(call, page)
    for holder in (
        page["attributes"]["components"],
        *(top.get("components", []) for top in page["attributes"]["components"]),
    ):
        if one in holder:
            holder.remove(one)
    call.put(PAGES, page["id"], page)
    return NO_CONTENT
