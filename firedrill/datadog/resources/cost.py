"""Cost budgets (https://docs.datadoghq.com/api/latest/cloud-cost-management/)."""

from collections.abc import Iterator

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, Write, jsonapi
from firedrill.datadog.mapping.lists import ListOf, SetInProgramOrder, SetOf
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import INT, NUMBER, Extent, Json, Schema, canonical
from firedrill.provider.resource import ProviderError, ResourceCall
from firedrill.provider.values import Properties, Value

_TAG_FILTERS = ListOf(Object((Property("tagKey"), Property("tagValue"))))
_FILTER_LISTS = ("parentTagFilters", "childTagFilters", "tagFilters")
_ENTRY = Object((Property("amount", NUMBER), Property("month", INT), Property("tagFilters", _TAG_FILTERS)))


def _entries(lines: list[Value]) -> Iterator[Json]:
    """Yield a budget's lines, month by month."""
    for line in lines:
        filters = [tag_filter for name in _FILTER_LISTS for tag_filter in line.get(name) or []]
        for month in sorted(line["amounts"]):
            yield _ENTRY.send({"amount": line["amounts"][month], "month": int(month), "tagFilters": filters})


class _BudgetLines(SetOf):
    """The lines of a budget, which the API has as one entry for each month."""

    def send(self, value: Value) -> Json:
        return list(_entries(sorted(value, key=canonical)))

    def receive(self, answer: Json, declared: Value, extent: Extent = "declared") -> Value:
        if declared is None:
            return None
        sizes = [len(declared[0].get(name) or []) for name in _FILTER_LISTS] if declared else [0, 0, 0]
        lines: dict[str, Value] = {}
        for entry in answer or []:
            value = _ENTRY.receive(entry, None, extent="state")
            filters = value.get("tagFilters") or []
            line = lines.setdefault(canonical(filters), {"amounts": {}})
            for name, size in zip(_FILTER_LISTS, sizes, strict=True):
                if size:
                    line[name], filters = filters[:size], filters[size:]
            line["amounts"][str(value["month"])] = value["amount"]
        return self._in_program_order(list(lines.values()), declared)


def _adjust_budget(write: Write, body: Json) -> Json:
    """Send lines as entries: a program declares either."""
    attributes = body["attributes"]
    if "budget_lines" in attributes:
        attributes["entries"] = attributes.pop("budget_lines")
    return {**body, "id": write.id} if write.action == "update" else body


def _validate(client: DatadogClient, _call: ResourceCall, _id: str, inputs: Properties, body: Json) -> None:
    """Let Datadog validate the budget, once it has lines.

    Raises ProviderError for one with neither or both of the two forms.
    """
    if inputs.get("entries") is not None and inputs.get("budgetLines") is not None:
        raise ProviderError("Cannot use both 'entries' and 'budget_line' simultaneously.")
    if inputs.get("entries") is None and inputs.get("budgetLines") is None:
        raise ProviderError("Either 'entries' or 'budget_line' must be specified.")
    client.call("POST /api/v2/cost/budget/validate", body)


def _lines_or_entries(resource: Json, declared: Properties) -> Json:
    """Return lines for a program that declares lines, else entries, as the published provider imports them."""
    attributes = dict(resource.get("attributes") or {})
    name = "budget_lines" if declared.get("budgetLines") else "entries"
    attributes[name] = attributes.pop("entries", None)
    return {**resource, "attributes": attributes}


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/costBudget:CostBudget": jsonapi(
            account,
            "budget",
            "/api/v2/cost/budget",
            Property("name", required=True),
            Property("metricsQuery", required=True),
            Property("startMonth", INT, required=True),
            Property("endMonth", INT, required=True),
            Property("entries", SetInProgramOrder(_ENTRY)),
            Property("budgetLines", _BudgetLines(Schema())),
            Property("totalAmount", NUMBER, output=True),
            Property("budgetId", local=True),
            create_at="PUT /api/v2/cost/budget",
            update_at="PUT /api/v2/cost/budget",
            adjust_body=_adjust_budget,
            validate_body=_validate,
            normalize_answer=_lines_or_entries,
        ),
    }
