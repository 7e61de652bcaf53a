"""Dashboard lists, shared dashboards, usage: https://docs.datadoghq.com/api/latest/dashboard-lists/ ."""

import secrets
from collections import Counter
from datetime import timedelta

from firedrill.sandbox.datadog.account import DASHBOARDS, iso, org_number
from firedrill.sandbox.datadog.overlays.dashboards import find as find_dashboard
from firedrill.sandbox.datadog.overlays.monitors import person_number
from firedrill.sandbox.datadog.paging import offset_meta, offset_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

LISTS = "dashboard_lists"
SHARED = "shared_dashboards"
TYPES = {"ordered": "custom_timeboard", "free": "custom_screenboard"}


def author(call: Call) -> Body:
    """The person of the keys in short."""
    me = call.me["attributes"]
    return {"handle": me["handle"], "name": me["name"]}


def find_list(call: Call, parameter: str = "list_id") -> Body:
    """The list of the path. Raises :class:`ApiError` 404."""
    identifier = call.path[parameter]
    found = call.get(LISTS, identifier)
    if found is None:
        raise ApiError(404, f"Manual Dashboard List with id {identifier} not found")
    return found


def shown(body: Body) -> Body:
    """A list as API v1 answers it."""
    return {
        **{key: value for key, value in body.items() if key != "items"},
        "dashboard_count": len(body["items"]),
        "dashboards": None,
    }


@serves("v1.create_dashboard_list")
def create(call: Call) -> Answer:
    """Create a list."""
    body: Body = {
        "id": call.number("dashboard_lists", 300_001),
        "name": call.body["name"],
        "author": author(call),
        "created": iso(call.now),
        "modified": iso(call.now),
        "is_favorite": False,
        "type": "manual_dashboard_list",
        "items": [],
    }
    call.put(LISTS, str(body["id"]), body)
    return Answer(shown(body))


@serves("v1.get_dashboard_list")
def get(call: Call) -> Answer:
    """One list."""
    return Answer(shown(find_list(call)))


@serves("v1.list_dashboard_lists")
def list_lists(call: Call) -> Answer:
    """All lists."""
    return Answer({"dashboard_lists": [shown(body) for body in call.list(LISTS)]})


@serves("v1.update_dashboard_list")
def update(call: Call) -> Answer:
    """Rename a list."""
    body = {**find_list(call), "name": call.body["name"], "modified": iso(call.now)}
    call.put(LISTS, str(body["id"]), body)
    return Answer(shown(body))


@serves("v1.delete_dashboard_list")
def delete(call: Call) -> Answer:
    """Delete a list; its dashboards stay."""
    identifier = find_list(call)["id"]
    call.delete(LISTS, str(identifier))
    return Answer({"deleted_dashboard_list_id": identifier})


def given_items(call: Call) -> list[Body]:
    """Type and id of the dashboards of a body."""
    return [{"type": one["type"], "id": one["id"]} for one in (call.body or {}).get("dashboards") or []]


@serves("v2.get_dashboard_list_items")
def items(call: Call) -> Answer:
    """The dashboards of a list."""
    found = []
    for item in find_list(call, "dashboard_list_id")["items"]:
        dashboard = call.get(DASHBOARDS, item["id"])
        details = {key: dashboard[key] for key in ("title", "url", "is_read_only")} if dashboard else {}
        found.append({**item, **details, "author": author(call), "is_favorite": False, "is_shared": False})
    return Answer({"dashboards": found, "total": len(found)})


@serves("v2.create_dashboard_list_items")
def add_items(call: Call) -> Answer:
    """Add dashboards."""
    body, wanted = find_list(call, "dashboard_list_id"), given_items(call)
    added = [one for one in wanted if one not in body["items"]]
    body["items"] += added
    call.put(LISTS, str(body["id"]), body)
    return Answer({"added_dashboards_to_list": added})


@serves("v2.update_dashboard_list_items")
def replace_items(call: Call) -> Answer:
    """Replace the dashboards."""
    body = {**find_list(call, "dashboard_list_id"), "items": given_items(call)}
    call.put(LISTS, str(body["id"]), body)
    return Answer({"dashboards": body["items"]})


@serves("v2.delete_dashboard_list_items")
def remove_items(call: Call) -> Answer:
    """Remove dashboards."""
    body, wanted = find_list(call, "dashboard_list_id"), given_items(call)
    removed = [one for one in body["items"] if one in wanted]
    body["items"] = [one for one in body["items"] if one not in wanted]
    call.put(LISTS, str(body["id"]), body)
    return Answer({"deleted_dashboards_from_list": removed})


def find_shared(call: Call) -> Body:
    """The shared dashboard of the path. Raises :class:`ApiError` 404."""
    found = call.get(SHARED, call.path["token"])
    if found is None:
        raise ApiError(404, f"Shared dashboard with token {call.path['token']} not found")
    return found


def shared_answer(body: Body) -> Answer:
    """A shared dashboard without its invitations."""
    return Answer({key: value for key, value in body.items() if key != "invitations"})


@serves("v1.create_public_dashboard")
def share(call: Call) -> Answer:
    """Share a dashboard."""
    given = call.body
    dashboard = call.get(DASHBOARDS, given["dashboard_id"])
    if dashboard is None:
        raise ApiError(404, f"Dashboard with ID {given['dashboard_id']} not found")
    token = f"{secrets.token_hex(8)}-{secrets.token_hex(16)}"
    emails = given.get("share_list") or []
    body: Body = {
        "author": author(call),
        "dashboard_id": given["dashboard_id"],
        "dashboard_type": given["dashboard_type"],
        "status": given.get("status") or "active",
        "title": given.get("title") or dashboard["title"],
        "viewing_preferences": given.get("viewing_preferences") or {},
        "expiration": given.get("expiration"),
        "last_accessed": None,
        "global_time_selectable_enabled": bool(given.get("global_time_selectable_enabled")),
        "global_time": given.get("global_time") or {"live_span": "1h"},
        "selectable_template_vars": given.get("selectable_template_vars"),
        "token": token,
        "public_url": f"https://p.datadoghq.com/sb/{token}",
        "created": iso(call.now),
        "share_type": given.get("share_type") or "open",
        "share_list": emails,
        "session_duration_in_days": 30,
        "invitees": [{"email": email, "access_expiration": None, "created_at": iso(call.now)} for email in emails],
        "embeddable_domains": given.get("embeddable_domains") or [],
        "invitations": [],
    }
    call.put(SHARED, token, body)
    return shared_answer(body)


@serves("v1.get_public_dashboard")
def get_shared(call: Call) -> Answer:
    """One shared dashboard."""
    return shared_answer(find_shared(call))


@serves("v1.update_public_dashboard")
def update_shared(call: Call) -> Answer:
    """Change how a dashboard is shared."""
    body = {**find_shared(call), **call.body}
    call.put(SHARED, body["token"], body)
    return shared_answer(body)


@serves("v1.delete_public_dashboard")
def unshare(call: Call) -> Answer:
    """Stop sharing."""
    token = find_shared(call)["token"]
    call.delete(SHARED, token)
    return Answer({"deleted_public_dashboard_token": token})


@serves("v1.get_public_dashboard_invitations")
def invitations(call: Call) -> Answer:
    """Who was invited and has not come yet."""
    found = find_shared(call)["invitations"]
    return Answer({"data": found, "meta": {"page": {"total_count": len(found)}}})


def emails_of(call: Call) -> list[str]:
    """The addresses of a body with one entry or a list of them."""
    data = (call.body or {}).get("data") or []
    entries = data if isinstance(data, list) else [data]
    return [one["attributes"]["email"] for one in entries if (one.get("attributes") or {}).get("email")]


@serves("v1.send_public_dashboard_invitation")
def invite(call: Call) -> Answer:
    """Invite (no mail leaves this machine)."""
    body = find_shared(call)
    made = []
    for email in emails_of(call):
        if email not in body["share_list"]:
            raise ApiError(400, f"{email} is not in the share list")
        attributes = {
            "email": email,
            "share_token": body["token"],
            "created_at": iso(call.now),
            "invitation_expiry": iso(call.now + timedelta(hours=1)),
            "has_session": False,
            "session_expiry": None,
        }
        made.append({"type": "public_dashboard_invitation", "attributes": attributes})
    body["invitations"] += made
    call.put(SHARED, body["token"], body)
    many = isinstance(call.body.get("data"), list)
    return Answer({"data": made if many else next(iter(made), None)}, 201)


@serves("v1.delete_public_dashboard_invitation")
def uninvite(call: Call) -> Answer:
    """Take invitations back."""
    body, emails = find_shared(call), emails_of(call)
    body["invitations"] = [one for one in body["invitations"] if one["attributes"]["email"] not in emails]
    call.put(SHARED, body["token"], body)
    return NO_CONTENT


def usage(call: Call, dashboard: Body) -> Body:
    """How a dashboard is used: here nobody looks, so only what is known from the definition."""
    kinds = Counter(widget["definition"]["type"] for widget in dashboard["widgets"])
    attributes = {
        "org_id": org_number(call.org),
        "title": dashboard["title"],
        "teams": [tag.removeprefix("team:") for tag in dashboard.get("tags") or []],
        "created_at": dashboard["created_at"],
        "author": {
            "id": str(person_number(call.me)),
            "name": dashboard["author_name"],
            "handle": dashboard["author_handle"],
            "is_disabled": False,
        },
        "total_views": 0,
        "viewed_at": None,
        "viewer": None,
        "total_views_by_type": None,
        "edited_at": dashboard["modified_at"],
        "widget_count": len(dashboard["widgets"]),
        "widget_count_by_type": dict(kinds),
        "dashboard_quality_score": None,
    }
    return {"id": dashboard["id"], "type": "dashboards-usages", "attributes": attributes}


@serves("v2.get_dashboard_usage")
def get_usage(call: Call) -> Answer:
    """The usage of one dashboard."""
    return Answer({"data": usage(call, find_dashboard(call))})


@serves("v2.list_dashboards_usage")
def list_usage(call: Call) -> Answer:
    """The usage of all dashboards edited before a moment, paged."""
    before = call.query.get("filter[edited_before]", "9999")
    found = [usage(call, one) for one in call.list(DASHBOARDS) if one["modified_at"] < before]
    base = "https://api.datadoghq.com/api/v2/dashboards/usage"
    return Answer(
        {
            "data": offset_page(call, found, default=250),
            "meta": {"page": offset_meta(call, len(found), 250)},
            "links": {"self": base, "first": base, "last": base, "next": None, "prev": None},
        }
    )
