"""Reference tables, without their rows: https://docs.datadoghq.com/api/latest/reference-tables/ ."""

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.collection import Collection
from firedrill.sandbox.datadog.forms import typed
from firedrill.sandbox.datadog.paging import offset_page
from firedrill.sandbox.datadog.serving import Call
from firedrill.sandbox.datadog.store import Body

TABLES = "reference_tables"
FIXED = ("table_name", "source", "created_by")
CLOUD = ("S3", "GCS", "AZURE")
"""Sources whose file Datadog fetches itself."""


def complete(call: Call, data: Body, old: Body | None) -> None:
    """A name that is free, a schema with its keys; what an update does not name stays."""
    attributes = data["attributes"]
    if old is not None:
        attributes |= {key: old["attributes"][key] for key in FIXED}
    elif any(one["attributes"]["table_name"] == attributes["table_name"] for one in call.list(TABLES)):
        raise typed(409, f"table {attributes['table_name']} already exists")
    schema = attributes.get("schema") or {}
    names = [one["name"] for one in schema.get("fields") or []]
    missing = [key for key in schema.get("primary_keys") or [] if key not in names]
    if missing:
        raise typed(400, f"schema: primary key {missing[0]} is not a field")
    if old is None:
        attributes["created_by"] = call.me["id"]
    if attributes["source"] in CLOUD and not (attributes.get("file_metadata") or {}).get("access_details"):
        raise typed(400, f"file_metadata: access details are required for the source {attributes['source']}")
    attributes |= {"last_updated_by": call.me["id"], "row_count": 0, "status": "DONE", "updated_at": iso(call.now)}


Collection(
    TABLES,
    "reference_table",
    "id",
    create="create_reference_table",
    get="get_table",
    list="list_tables",
    update="update_reference_table",
    delete="delete_table",
    defaults={"description": "", "tags": []},
    complete=complete,
    not_found=lambda _: {"status": "404", "title": "Not Found", "detail": "table not found"},
    created=201,
    wrap_list=lambda call, data: {"data": offset_page(call, data, default=15)},
).register()
