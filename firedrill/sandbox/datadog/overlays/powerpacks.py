"""Powerpacks: https://docs.datadoghq.com/api/latest/powerpack/ ."""

from firedrill.sandbox.datadog.collection import Collection, is_uuid
from firedrill.sandbox.datadog.overlays.dashboards import numbered
from firedrill.sandbox.datadog.paging import offset_page
from firedrill.sandbox.datadog.serving import ApiError, Call
from firedrill.sandbox.datadog.store import Body


def complete(call: Call, data: Body, old: Body | None) -> None:
    """The widget is a group; widgets in it get ids."""
    group = data["attributes"]["group_widget"]
    kind = group["definition"].get("type")
    if kind != "group":
        raise ApiError(400, f"Invalid group widget for powerpack. Error: '{kind}' is not one of ['group']")
    group["definition"]["widgets"] = numbered(group["definition"].get("widgets") or [])
    if old is None:
        data["relationships"] = {"author": {"data": {"type": "users", "id": call.me["id"]}}}


def author(call: Call) -> Body:
    """The author in short."""
    me = call.me
    return {"type": "users", "id": me["id"], "attributes": {key: me["attributes"][key] for key in ("name", "email")}}


def listed(call: Call, data: list[Body]) -> Body:
    """A page of powerpacks."""
    limit, offset = call.integer("page[limit]", 25, 1, 1000), call.integer("page[offset]", 0, 0, 10**6)
    base = "https://api.datadoghq.com/api/v2/powerpacks"

    def link(start: int) -> str:
        return f"{base}?page[offset]={start}&page[limit]={limit}"

    pagination = {
        "offset": offset,
        "first_offset": 0,
        "prev_offset": max(0, offset - limit),
        "next_offset": offset + limit,
        "last_offset": None,
        "limit": limit,
        "type": "offset_limit",
    }
    links = {
        "self": base,
        "last": None,
        "next": link(offset + limit),
        "prev": link(max(0, offset - limit)),
        "first": link(0),
    }
    shown = offset_page(call, data, default=25)
    return {
        "data": shown,
        "included": [author(call)] if shown else [],
        "meta": {"pagination": pagination},
        "links": links,
    }


Collection(
    "powerpacks",
    "powerpack",
    "powerpack_id",
    create="create_powerpack",
    get="get_powerpack",
    list="list_powerpacks",
    update="update_powerpack",
    delete="delete_powerpack",
    defaults={"description": "", "template_variables": [], "tags": []},
    created=200,
    complete=complete,
    not_found=lambda one: f"Powerpack {'with ID' if is_uuid(one) else 'has invalid UUID'} {one} not found",
    wrap=lambda call, data: {"data": data, "included": [author(call)]},
    wrap_list=listed,
).register()
