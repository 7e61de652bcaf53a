"""``firedrill status --products``: the evidence for each product, and its last time."""

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.evaluate.model import Json
from firedrill.products import PRODUCTS, Product
from firedrill.query import QueryError, metric_references, parse_metric_query
from firedrill.settings import Settings

NOT_SEEN = "not seen"
DAY = 86400
COLUMNS = ("configured", "API", "run time")
TEMPLATE_VARIABLE = re.compile(r"\$[\w.-]+")


@dataclass(frozen=True)
class Cell:
    """One kind of evidence for a product: a text, a count, and the last time (epoch seconds).

    A ``count`` of 0 is not evidence. ``detail`` names an operation to look at.
    """

    text: str
    count: int
    last: float | None = None
    detail: str = ""

    @property
    def seen(self) -> bool:
        """True if there is evidence."""
        return self.count > 0

    def __str__(self) -> str:
        """Return the cell as the page has it: ``Monitor: 7, 11-25 20:11`` and the detail."""
        if not self.seen:
            return NOT_SEEN
        at = f", {datetime.fromtimestamp(self.last, UTC):%m-%d %H:%M}" if self.last else ""
        return f"{self.text}{at}" + (f" (`{self.detail}`)" if self.detail else "")

    def short(self, now: float) -> str:
        """Return the cell as the screen has it: with the time of today, or with an earlier day."""
        if not self.seen:
            return f"[yellow]{NOT_SEEN}[/yellow]"
        if self.last is None:
            return escape(self.text)
        at = f"{datetime.fromtimestamp(self.last, UTC):{'%H:%M' if now - self.last < DAY else '%m-%d'}}"
        return f"{escape(self.text)} [dim]{at}[/dim]"


@dataclass(frozen=True)
class Row:
    """A product and its cells, in the order of :data:`COLUMNS`."""

    product: Product
    cells: tuple[Cell, Cell, Cell]


def rows(resources: Iterable[Json], seen: Json) -> list[Row]:
    """Return the table.

    ``resources`` are those of the stack's state as Pulumi exports it, ``seen`` is the response of ``GET /-/seen``.
    """
    declared = [resource for resource in resources if resource.get("custom")]
    behaviour = {**seen["behaviour"], "graphed metrics": _graphed_metrics(declared, seen["metrics"])}
    return [
        Row(
            product,
            (_configured(product, declared), _called(product, seen["operations"]), _behaved(product, behaviour)),
        )
        for product in PRODUCTS
    ]


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table on a screen."""
    table = Table("product", *COLUMNS, title="Products: the evidence for each, and its last time (UTC)")
    for row in rows:
        table.add_row(row.product.name, *(cell.short(time.time()) for cell in row.cells))
    console.print(table)
    unseen = sum(not cell.seen for row in rows for cell in row.cells)
    if unseen:
        console.print(f"{unseen} cells are not seen yet. Drills and calls of the service's /datadog routes fill them.")


PAGE = """# Products

Written by `firedrill status --products --markdown > docs/products.md`: what happened in a sandbox.

- *configured*: the resources in the stack's state, as the engine recorded them.
- *API*: successful calls of the product's endpoints, from any client.
- *run time*: telemetry that arrived; evaluations, runs and pages that followed.

Times are the last time, in UTC. `not seen` means that it has not happened in that sandbox yet.

"""


def markdown(rows: Sequence[Row]) -> str:
    """Return the table as the page docs/products.md."""
    lines = [f"| product | {' | '.join(COLUMNS)} |", "|---|---|---|---|"]
    lines += [f"| {row.product.name} | {' | '.join(str(cell) for cell in row.cells)} |" for row in rows]
    return PAGE + "\n".join(lines) + "\n"


def seen(settings: Settings) -> Json:
    """Return what the sandbox's Datadog has answered, received and done."""
    response = httpx.get(f"http://127.0.0.1:{settings.datadog_port}/-/seen", timeout=30)
    response.raise_for_status()
    report: Json = response.json()
    return report


def _configured(product: Product, declared: Sequence[Json]) -> Cell:
    """Count the declared resources that configure a product."""
    counts: dict[str, int] = {}
    last = None
    for resource in declared:
        kind = resource["type"].rpartition(":")[2]
        text = product.resources.get(kind)
        if text is None or text not in json.dumps(_with_json_parsed(resource.get("inputs") or {})):
            continue
        counts[kind] = counts.get(kind, 0) + 1
        if changed := resource.get("modified") or resource.get("created"):
            last = max(last or 0.0, datetime.fromisoformat(changed).timestamp())
    return Cell(", ".join(f"{kind}: {count}" for kind, count in sorted(counts.items())), sum(counts.values()), last)


def _called(product: Product, operations: Mapping[str, Json]) -> Cell:
    """Count the calls of a product's operations, which are named by method and path."""
    calls = {
        name: operation for name, operation in operations.items() if name.split(" ")[1].startswith(product.operations)
    }
    count = sum(operation["count"] for operation in calls.values())
    if not count:
        return Cell("", 0)
    latest = max(calls, key=lambda name: float(calls[name]["last"]))
    return Cell(f"calls: {count}", count, calls[latest]["last"], latest)


def _behaved(product: Product, behaviour: Mapping[str, Json]) -> Cell:
    events = behaviour[product.behaviour]
    return Cell(f"{product.behaviour}: {events['count']}", events["count"], events["last"])


def _graphed_metrics(declared: Sequence[Json], metrics: Mapping[str, float]) -> Json:
    """Count the metrics that a dashboard queries and that have points, so that a graph shows them."""
    queried = {
        metric
        for resource in declared
        if resource["type"].endswith(":DashboardJson")
        for query in _metric_queries(_with_json_parsed(resource["inputs"]))
        for metric in _metrics_of(query)
    }
    times = [metrics[name] for name in queried if name in metrics]
    return {"count": len(times), "last": max(times, default=None)}


def _metric_queries(node: Any) -> list[str]:
    if isinstance(node, dict):
        is_metric_query = node.get("data_source") == "metrics" and isinstance(node.get("query"), str)
        queries = [node["query"]] if is_metric_query else []
        return queries + [query for below in node.values() for query in _metric_queries(below)]
    return [query for below in node for query in _metric_queries(below)] if isinstance(node, list) else []


def _metrics_of(query: str) -> set[str]:
    try:
        expression = parse_metric_query(TEMPLATE_VARIABLE.sub("variable:value", query))
    except QueryError:
        return set()
    return {reference.metric for reference in metric_references(expression)}


def _with_json_parsed(node: Any) -> Any:
    """Return inputs with the JSON texts in them parsed."""
    if isinstance(node, dict):
        return {key: _with_json_parsed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_json_parsed(item) for item in node]
    if isinstance(node, str) and node[:1] in {"{", "["}:
        try:
            return json.loads(node)
        except ValueError:
            return node
    return node
