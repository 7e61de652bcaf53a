"""Datastores of Workflow Automation, reference tables, cost budgets."""

from collections.abc import Iterator

from firedrill.sandbox.providers.datadog.api import Api, escape
from firedrill.sandbox.providers.datadog.envelopes import JsonApi
from firedrill.sandbox.providers.datadog.kind import Account, Kind, Step, jsonapi
from firedrill.sandbox.providers.datadog.lists import Listed, Sequenced, Unordered
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import INT, NUMBER, Full, Json, Mapped, Shape, canonical
from firedrill.sandbox.providers.values import Properties, Value

_TAG_FILTERS = Listed(Object((Field("tagKey"), Field("tagValue"))))
_FILTER_LISTS = ("parentTagFilters", "childTagFilters", "tagFilters")
_ENTRY = Object((Field("amount", NUMBER), Field("month", INT), Field("tagFilters", _TAG_FILTERS)))


def _entries(lines: list[Value]) -> Iterator[Json]:
    """A budget's lines, month by month."""
    for line in lines:
        filters = [one for name in _FILTER_LISTS for one in line.get(name) or []]
        for month in sorted(line["amounts"]):
            yield _ENTRY.send({"amount": line["amounts"][month], "month": int(month), "tagFilters": filters})


class _Lines(Unordered):
    """Lines of a budget, which the API has as one entry for each month."""

    def send(self, value: Value) -> Json:
        return list(_entries(sorted(value, key=canonical)))

    def receive(self, answer: Json, declared: Value, full: Full = False) -> Value:
        if declared is None:
            return None
        sizes = [len(declared[0].get(name) or []) for name in _FILTER_LISTS] if declared else [0, 0, 0]
        lines: dict[str, Value] = {}
        for entry in answer or []:
            value = _ENTRY.receive(entry, None, full=True)
            filters = value.get("tagFilters") or []
            line = lines.setdefault(canonical(filters), {"amounts": {}})
            for name, size in zip(_FILTER_LISTS, sizes, strict=True):
                if size:
                    line[name], filters = filters[:size], filters[size:]
            line["amounts"][str(value["month"])] = value["amount"]
        return self._ordered(list(lines.values()), declared)


def _budget(step: Step, body: Json) -> Json:
    """Lines and plain entries are two ways to say the same."""
    attributes = body["attributes"]
    if "budget_lines" in attributes:
        attributes["entries"] = attributes.pop("budget_lines")
    return {**body, "id": step.id} if step.doing == "update" else body


def _budget_parts(resource: Json, declared: Properties) -> Json:
    """Lines for a program that declared them; an import finds plain entries, as the published provider's does."""
    attributes = dict(resource.get("attributes") or {})
    name = "budget_lines" if declared.get("budgetLines") else "entries"
    attributes[name] = attributes.pop("entries", None)
    return {**resource, "attributes": attributes}


_ACCESS = {
    "awsDetail": ("awsAccountId", "awsBucketName", "filePath"),
    "azureDetail": ("azureClientId", "azureContainerName", "azureStorageAccountName", "azureTenantId", "filePath"),
    "gcpDetail": ("filePath", "gcpBucketName", "gcpProjectId", "gcpServiceAccountEmail"),
}
_FILE = Object(
    (
        Field("syncEnabled"),
        Field("accessDetails", Object(tuple(Field(n, Object(tuple(map(Field, f)))) for n, f in _ACCESS.items()))),
        *(Field(name, output=True) for name in ("errorMessage", "errorRowCount", "errorType")),
    )
)
_SCHEMA = Object((Field("fields", Listed(Object((Field("name"), Field("type"))))), Field("primaryKeys")))


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    datastores, items = "/api/v2/actions-datastores", "/api/v2/actions-datastores/{datastoreId}/items"
    return {
        "datadog:index/datastore:Datastore": jsonapi(
            account,
            "datastores",
            datastores,
            Field("name", required=True),
            Field("description"),
            Field("orgAccess", write_only=True, create_only=True, replace=True),
            Field("primaryColumnName", required=True, replace=True, create_only=True),
            Field("primaryKeyGenerationStrategy", replace=True, create_only=True, server="none"),
            *(Field(n, output=True) for n in ("createdAt", "modifiedAt", "creatorUserId", "creatorUserUuid", "orgId")),
            reread=True,
        ),
        "datadog:index/datastoreItem:DatastoreItem": jsonapi(
            account,
            "items",
            items,
            Field("datastoreId", required=True, replace=True, local=True),
            Field("itemKey", required=True, replace=True, local=True),
            Field("value", Mapped(Shape()), required=True),
            create_at=f"POST {items}/bulk",
            read_at=f"GET {items}?item_key={{itemKey}}",
            update_at=f"PATCH {items}",
            delete_at=None,
            envelope=JsonApi("items", send_id=False),
            adapt=_item,
            identify=lambda _, inputs: f"{inputs['datastoreId']}:{inputs['itemKey']}",
            named=("datastoreId", "itemKey"),
            forget=_delete_item,
            normalize=lambda resource, _: resource,
        ),
        "datadog:index/referenceTable:ReferenceTable": jsonapi(
            account,
            "reference_table",
            "/api/v2/reference-tables/tables",
            Field("tableName", required=True, replace=True, create_only=True),
            Field("source", required=True, replace=True, create_only=True),
            Field("description"),
            Field("fileMetadata", _FILE),
            Field("schema", _SCHEMA, computed=True),
            Field("tags"),
            *(Field(n, output=True) for n in ("createdBy", "lastUpdatedBy", "rowCount", "status", "updatedAt")),
            envelope=JsonApi("reference_table", send_id=False),
            reread=True,
        ),
        "datadog:index/costBudget:CostBudget": jsonapi(
            account,
            "budget",
            "/api/v2/cost/budget",
            Field("name", required=True),
            Field("metricsQuery", required=True),
            Field("startMonth", INT, required=True),
            Field("endMonth", INT, required=True),
            Field("entries", Sequenced(_ENTRY)),
            Field("budgetLines", _Lines(Shape())),
            Field("totalAmount", NUMBER, output=True),
            Field("budgetId", local=True),
            create_at="PUT /api/v2/cost/budget",
            update_at="PUT /api/v2/cost/budget",
            adapt=_budget,
            normalize=_budget_parts,
        ),
    }


def _item(step: Step, body: Json) -> Json:
    """A new item comes in a list of one; a change names the item by its key."""
    value = body["attributes"]["value"]
    if step.doing == "create":
        return {"attributes": {"values": [value], "conflict_mode": "fail_on_conflict"}}
    return {"attributes": {"item_key": step.inputs["itemKey"], "item_changes": {"ops_set": value}}}


def _delete_item(api: Api, _id: str, known: Properties) -> None:
    body = {"data": {"type": "items", "attributes": {"item_key": known["itemKey"]}}}
    api.call(f"DELETE /api/v2/actions-datastores/{escape(known['datastoreId'])}/items", body)
