"""Dashboards: https://docs.datadoghq.com/api/latest/dashboards/ ."""

import copy
import random
import re
from typing import Any

from firedrill.sandbox.datadog.account import DASHBOARDS, iso
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

DELETED = "deleted_dashboards"
KEPT = (
    "reflow_type",
    "tags",
    "template_variable_presets",
    "default_timeframe",
    "tabs",
)
"""Members that an answer has only when the body has them."""
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def short_id() -> str:
    """An id like ``abc-def-ghi``."""
    return "-".join("".join(random.choices(ALPHABET, k=3)) for _ in range(3))  # noqa: S311  # not a secret


def slug(title: str) -> str:
    """The title in a dashboard's address."""
    words = re.sub(r"[^\w\s-]", "", title.lower()).replace("_", "")
    return re.sub(r"\s+", "-", words.strip())[:80].rstrip("-")


def numbered(widgets: list[Body]) -> list[Body]:
    """Widgets with an id each, those inside groups too."""
    found = []
    for widget in copy.deepcopy(widgets):
        definition = widget.get("definition")
        if isinstance(definition, dict) and isinstance(definition.get("widgets"), list):
            definition["widgets"] = numbered(definition["widgets"])
        widget.setdefault("id", random.randint(10**14, 9 * 10**15))  # noqa: S311  # not a secret
        found.append(widget)
    return found


def check(sent: Body) -> None:
    """Raise :class:`ApiError` 400 for template variables or layouts that the real API refuses."""
    names = set()
    for variable in sent.get("template_variables") or []:
        if "default" in variable and "defaults" in variable:
            raise ApiError(400, "'template_variables' is invalid")
        names.add(variable["name"])
    for preset in sent.get("template_variable_presets") or []:
        for value in preset.get("template_variables") or []:
            if ("value" in value and "values" in value) or value.get("name") not in names:
                raise ApiError(400, f"'template_variables' value '{value}' is invalid")
    if sent["layout_type"] == "free":
        if sent.get("reflow_type") is not None:
            raise ApiError(400, "'reflow_type' is not supported for 'free' layout dashboards")
        if any("layout" not in widget for widget in sent["widgets"]):
            raise ApiError(400, "Widget layout is required for 'free' layout dashboards")
    if sent.get("reflow_type") == "fixed" and any("layout" not in widget for widget in sent["widgets"]):
        raise ApiError(400, "Widget layout is required when 'reflow_type' is 'fixed'")
    if len(sent.get("tags") or []) > 5 or any(not tag.startswith("team:") for tag in sent.get("tags") or []):
        raise ApiError(400, "'tags' is invalid: at most 5 tags with the key 'team'")


def definition(call: Call, identifier: str, sent: Body, created: str) -> Body:
    """A dashboard as it is answered."""
    me = call.me["attributes"]
    return {
        "id": identifier,
        "title": sent["title"],
        "description": sent.get("description"),
        "author_handle": me["handle"],
        "author_name": me["name"],
        "layout_type": sent["layout_type"],
        "url": f"/dashboard/{identifier}/{slug(sent['title'])}",
        "is_read_only": sent.get("is_read_only", False),
        "template_variables": variables(sent.get("template_variables")),
        "widgets": numbered(sent["widgets"]),
        "notify_list": sent.get("notify_list"),
        "created_at": created,
        "modified_at": iso(call.now),
        **{key: sent[key] for key in KEPT if key in sent},
        "experience_type": "default",
        "restricted_roles": sent.get("restricted_roles") or [],
    }


def variables(given: list[Body] | None) -> list[Body] | None:
    """Template variables with the members that the server adds."""
    if given is None:
        return None
    return [{"prefix": None, "available_values": None, **variable} for variable in given]


def find(call: Call) -> Body:
    """The dashboard of the path. Raises :class:`ApiError` 404."""
    identifier = call.path["dashboard_id"]
    found = call.get(DASHBOARDS, identifier)
    if found is None:
        raise ApiError(404, f"Dashboard with ID {identifier} not found")
    return found


@serves("v1.create_dashboard")
def create(call: Call) -> Answer:
    """Create a dashboard."""
    check(call.body)
    identifier = short_id()
    body = definition(call, identifier, call.body, iso(call.now))
    call.put(DASHBOARDS, identifier, body)
    return Answer(body)


@serves("v1.get_dashboard")
def get(call: Call) -> Answer:
    """One dashboard."""
    return Answer(find(call))


@serves("v1.list_dashboards")
def list_dashboards(call: Call) -> Answer:
    """All dashboards in short, or those deleted in the last 30 days (``filter[deleted]``)."""
    kind = DELETED if call.flag("filter[deleted]") else DASHBOARDS
    start, count = call.integer("start", 0, 0, 10**6), call.integer("count", 100, 0, 1000)
    keys = (
        "id",
        "title",
        "description",
        "layout_type",
        "url",
        "is_read_only",
        "created_at",
        "modified_at",
        "author_handle",
    )
    bodies = [{**{key: body[key] for key in keys}, "deleted_at": body.get("deleted_at")} for body in call.list(kind)]
    return Answer({"dashboards": bodies[start : start + count]})


@serves("v1.update_dashboard")
def update(call: Call) -> Answer:
    """Replace a dashboard."""
    old = find(call)
    check(call.body)
    body = definition(call, old["id"], call.body, old["created_at"])
    call.put(DASHBOARDS, old["id"], body)
    return Answer(body)


@serves("v1.delete_dashboard")
def delete(call: Call) -> Answer:
    """Delete a dashboard."""
    found = find(call)
    bury(call, found)
    return Answer({"deleted_dashboard_id": found["id"]})


def bury(call: Call, body: Body) -> None:
    """Move a dashboard to where ``restore_dashboards`` finds it."""
    call.delete(DASHBOARDS, body["id"])
    call.put(DELETED, body["id"], {**body, "deleted_at": iso(call.now)})


def listed(call: Call, kind: str) -> list[Body]:
    """The dashboards that a bulk request names. Raises :class:`ApiError` 404 when one is missing."""
    found: list[Any] = [(entry["id"], call.get(kind, entry["id"])) for entry in call.body["data"]]
    missing = [identifier for identifier, body in found if body is None]
    if missing:
        raise ApiError(404, f"Dashboard(s) with ID {', '.join(missing)} not found")
    return [body for _, body in found]


@serves("v1.delete_dashboards")
def delete_many(call: Call) -> Answer:
    """Delete several dashboards."""
    for body in listed(call, DASHBOARDS):
        bury(call, body)
    return NO_CONTENT


@serves("v1.restore_dashboards")
def restore(call: Call) -> Answer:
    """Restore deleted dashboards."""
    for body in listed(call, DELETED):
        call.delete(DELETED, body["id"])
        call.put(DASHBOARDS, body["id"], {key: value for key, value in body.items() if key != "deleted_at"})
    return NO_CONTENT
