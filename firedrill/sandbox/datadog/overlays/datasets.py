"""Datasets (https://docs.datadoghq.com/api/latest/datasets/) and connections of organisations."""

from firedrill.sandbox.datadog.account import iso, org_uuid
from firedrill.sandbox.datadog.collection import Collection, is_uuid
from firedrill.sandbox.datadog.serving import ApiError, Call
from firedrill.sandbox.datadog.store import Body

PRINCIPALS = ("role", "team", "user", "org")


def complete_dataset(call: Call, data: Body, old: Body | None) -> None:
    """Principals are ``kind:id``; who and when."""
    attributes = data["attributes"]
    for principal in attributes["principals"]:
        kind, _, identifier = principal.partition(":")
        if kind not in PRINCIPALS or not identifier:
            raise ApiError(400, f"invalid principal {principal!r}: must be one of {', '.join(PRINCIPALS)}, with an id")
    products = [one["product"] for one in attributes["product_filters"]]
    if len(set(products)) < len(products):
        raise ApiError(400, "product_filters: a product can be named once only")
    attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
    attributes["created_by"] = old["attributes"]["created_by"] if old else call.me["id"]


Collection(
    "datasets",
    "dataset",
    "dataset_id",
    create="create_dataset",
    get="get_dataset",
    list="get_all_datasets",
    update="update_dataset",
    delete="delete_dataset",
    complete=complete_dataset,
    created=200,
    replaces=True,
    not_found=lambda _: "Dataset not found",
).register()


def complete_connection(call: Call, data: Body, old: Body | None) -> None:
    """The organisation that shares is the one of the keys; the other must be named."""
    sink = data.get("relationships", {}).get("sink_org", {}).get("data") or {}
    if not is_uuid(str(sink.get("id"))):
        raise ApiError(400, "sink_org: a valid organization id is required")
    if sink["id"] == org_uuid(call.org):
        raise ApiError(400, "sink_org: must be another organization")
    attributes = data["attributes"]
    attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
    me = call.me
    data["relationships"] = {
        "created_by": {"data": {"id": me["id"], "type": "users", "name": me["attributes"]["name"]}},
        "sink_org": {"data": {"id": sink["id"], "type": "orgs", "name": sink.get("name", "")}},
        "source_org": {"data": {"id": org_uuid(call.org), "type": "orgs", "name": "Sandbox"}},
    }


def listed(_: Call, data: list[Body]) -> Body:
    """A list with its length."""
    return {"data": data, "meta": {"page": {"total_count": len(data), "total_filtered_count": len(data)}}}


Collection(
    "org_connections",
    "org_connection",
    "connection_id",
    create="create_org_connections",
    list="list_org_connections",
    update="update_org_connections",
    delete="delete_org_connections",
    complete=complete_connection,
    created=200,
    not_found=lambda _: "Org connection not found",
    wrap_list=listed,
).register()
