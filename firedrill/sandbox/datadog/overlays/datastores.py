"""Datastores of actions and their items: https://docs.datadoghq.com/api/latest/actions-datastores/ ."""

import copy
import uuid

from firedrill.sandbox.datadog.account import iso, org_number
from firedrill.sandbox.datadog.collection import Collection
from firedrill.sandbox.datadog.forms import typed
from firedrill.sandbox.datadog.paging import offset_page
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

DATASTORES = "datastores"
ITEMS = "datastore_items"
CREATED_ONLY = ("primary_column_name", "primary_key_generation_strategy", "created_at", "creator_user_uuid")
ITEM_LIMIT = 100
"""Items that one request may write."""


def complete(call: Call, data: Body, old: Body | None) -> None:
    """Who and when; the primary column stays."""
    attributes = data["attributes"]
    if old is not None:
        attributes |= {key: old["attributes"][key] for key in CREATED_ONLY}
    else:
        attributes |= {"created_at": iso(call.now), "creator_user_uuid": call.me["id"], "creator_user_id": 1}
    attributes |= {"modified_at": iso(call.now), "org_id": org_number(call.org)}


def delete_items(call: Call, datastore: Body) -> None:
    """A datastore goes with its items."""
    for item in items_of(call, datastore):
        call.delete(ITEMS, item["id"])


DATASTORE = Collection(
    DATASTORES,
    "datastores",
    "datastore_id",
    create="create_datastore",
    get="get_datastore",
    list="list_datastores",
    update="update_datastore",
    delete="delete_datastore",
    defaults={"description": "", "primary_key_generation_strategy": "none"},
    drop=frozenset({"org_access"}),
    complete=complete,
    before_delete=delete_items,
    created=200,
    malformed=(400, lambda _: "invalid datastore id"),
    not_found=lambda _: {"status": "404", "title": "Not Found", "detail": "datastore not found"},
).register()


def items_of(call: Call, datastore: Body) -> list[Body]:
    """The items of a datastore, oldest first."""
    return [one for one in call.list(ITEMS) if one["attributes"]["store_id"] == datastore["id"]]


def key_of(datastore: Body, value: Body) -> str:
    """An item's key. Raises :class:`ApiError` 400 where it has none and none is made."""
    column = datastore["attributes"]["primary_column_name"]
    if column not in value and datastore["attributes"]["primary_key_generation_strategy"] == "uuid":
        value[column] = str(uuid.uuid4())
    key = value.get(column)
    if not isinstance(key, str) or not key:
        raise typed(400, f"item has no {column}, the primary column")
    return key


def find(call: Call, datastore: Body, key: str) -> Body | None:
    """An item by its key."""
    column = datastore["attributes"]["primary_column_name"]
    return next((one for one in items_of(call, datastore) if one["attributes"]["value"].get(column) == key), None)


@serves("v2.list_datastore_items")
def list_items(call: Call) -> Answer:
    """Items, or the one with ``item_key``."""
    datastore = DATASTORE.find(call)
    found = items_of(call, datastore)
    key = call.query.get("item_key")
    if key is not None:
        column = datastore["attributes"]["primary_column_name"]
        found = [one for one in found if one["attributes"]["value"].get(column) == key]
    shown = offset_page(call, found)
    more = len(shown) < len(found)
    return Answer({"data": shown, "meta": {"page": {"hasMore": more, "totalFilteredCount": len(found)}}})


@serves("v2.bulk_write_datastore_items")
def write(call: Call) -> Answer:
    """Write items; ``conflict_mode`` says whether a key that exists is an error."""
    datastore = DATASTORE.find(call)
    attributes = call.body["data"]["attributes"]
    values = copy.deepcopy(attributes.get("values") or [])
    if not 0 < len(values) <= ITEM_LIMIT:
        raise typed(400, f"values: between 1 and {ITEM_LIMIT} items are required")
    written = []
    for value in values:
        key = key_of(datastore, value)
        old = find(call, datastore, key)
        if old is not None and attributes.get("conflict_mode") != "overwrite_on_conflict":
            raise typed(409, f"item {key} already exists")
        body: Body = {
            "id": old["id"] if old else str(uuid.uuid4()),
            "type": "items",
            "attributes": {
                "created_at": old["attributes"]["created_at"] if old else iso(call.now),
                "modified_at": iso(call.now),
                "org_id": org_number(call.org),
                "primary_column_name": datastore["attributes"]["primary_column_name"],
                "signature": "",
                "store_id": datastore["id"],
                "value": value,
            },
        }
        call.put(ITEMS, body["id"], body)
        written.append({"id": body["id"], "type": "items"})
    return Answer({"data": written})


@serves("v2.update_datastore_item")
def update(call: Call) -> Answer:
    """Set columns of an item."""
    datastore = DATASTORE.find(call)
    attributes = call.body["data"]["attributes"]
    item = find(call, datastore, attributes["item_key"])
    if item is None:
        raise typed(404, "item not found")
    changed = {**item["attributes"]["value"], **(attributes["item_changes"].get("ops_set") or {})}
    if changed.get(datastore["attributes"]["primary_column_name"]) != attributes["item_key"]:
        raise typed(400, "the primary column cannot be changed")
    item["attributes"] |= {"value": changed, "modified_at": iso(call.now)}
    call.put(ITEMS, item["id"], item)
    return Answer({"data": item})


@serves("v2.delete_datastore_item")
def delete(call: Call) -> Answer:
    """Delete the item with a key."""
    item = find(call, DATASTORE.find(call), call.body["data"]["attributes"]["item_key"])
    if item is None:
        raise typed(404, "item not found")
    call.delete(ITEMS, item["id"])
    return Answer({"data": {"id": item["id"], "type": "items"}})


@serves("v2.bulk_delete_datastore_items")
def delete_many(call: Call) -> Answer:
    """Delete the items with these keys."""
    datastore = DATASTORE.find(call)
    gone = [find(call, datastore, key) for key in call.body["data"]["attributes"].get("item_keys") or []]
    for item in gone:
        if item is not None:
            call.delete(ITEMS, item["id"])
    return NO_CONTENT
