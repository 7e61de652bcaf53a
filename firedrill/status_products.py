"""``firedrill status --products``: for each product, what of it was seen, and when; nothing is asserted."""

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

from firedrill.products import PRODUCTS, Product
from firedrill.query import QueryError, metric_references, parse_metric_query
from firedrill.sandbox.settings import Settings

Json = dict[str, Any]
NOT_SEEN = "not seen"
DAY = 86400
COLUMNS = ("configured", "API", "run time")
VARIABLE = re.compile(r"\$[\w.-]+")


@dataclass(frozen=True)
class Cell:
    """What was seen, and when last (epoch seconds); nothing is ``count`` 0. ``detail``: for who wants to look there."""

    what: str
    count: int
    last: float | None = None
    detail: str = ""

    @property
    def seen(self) -> bool:
        """Whether there was anything."""
        return self.count > 0

    def __str__(self) -> str:
        """``Monitor: 7, 11-25 20:11``, with the detail: as the page has it."""
        if not self.seen:
            return NOT_SEEN
        at = f", {datetime.fromtimestamp(self.last, UTC):%m-%d %H:%M}" if self.last else ""
        return f"{self.what}{at}" + (f" (`{self.detail}`)" if self.detail else "")

    def short(self, now: float) -> str:
        """As a screen has it: what is of the last day has its time only."""
        if not self.seen:
            return f"[yellow]{NOT_SEEN}[/yellow]"
        if self.last is None:
            return escape(self.what)
        at = f"{datetime.fromtimestamp(self.last, UTC):{'%H:%M' if now - self.last < DAY else '%m-%d'}}"
        return f"{escape(self.what)} [dim]{at}[/dim]"


@dataclass(frozen=True)
class Row:
    """A product and its cells, in the order of :data:`COLUMNS`."""

    product: Product
    cells: tuple[Cell, Cell, Cell]


def rows(resources: Iterable[Json], seen: Json) -> list[Row]:
    """The table. ``resources``: of the stack's state as Pulumi exports it; ``seen``: what ``GET /-/seen`` answers."""
    declared = [one for one in resources if one.get("custom")]
    behaviour = {**seen["behaviour"], "graphed metrics": _graphed(declared, seen["metrics"])}
    return [
        Row(one, (_configured(one, declared), _answered(one, seen["operations"]), _behaved(one, behaviour)))
        for one in PRODUCTS
    ]


def show(found: Sequence[Row], console: Console) -> None:
    """On a screen."""
    table = Table("product", *COLUMNS, title="Products: what was seen, and when last (UTC)")
    for row in found:
        table.add_row(row.product.name, *(cell.short(time.time()) for cell in row.cells))
    console.print(table)
    unseen = sum(not cell.seen for row in found for cell in row.cells)
    if unseen:
        console.print(f"{unseen} not seen yet: drills and calls of the service's /datadog make things happen.")


PAGE = """# Products

What `firedrill status --products --markdown > docs/products.md` saw in a sandbox: nothing here is asserted.

- *configured*: the resources in the stack's state, as the engine recorded them.
- *API*: calls of the product's endpoints that the account answered without an error, whoever made them.
- *run time*: what arrived or happened by itself: telemetry, evaluations, runs, pages.

Times are the last time, in UTC. `not seen` is what has not happened in that sandbox yet.

"""


def markdown(found: Sequence[Row]) -> str:
    """As docs/products.md."""
    lines = [f"| product | {' | '.join(COLUMNS)} |", "|---|---|---|---|"]
    lines += [f"| {row.product.name} | {' | '.join(str(cell) for cell in row.cells)} |" for row in found]
    return PAGE + "\n".join(lines) + "\n"


def seen(settings: Settings) -> Json:
    """What the sandbox's Datadog has answered, received and done."""
    answer = httpx.get(f"http://127.0.0.1:{settings.datadog_port}/-/seen", timeout=30)
    answer.raise_for_status()
    found: Json = answer.json()
    return found


def _configured(product: Product, declared: Sequence[Json]) -> Cell:
    counts: dict[str, int] = {}
    last = None
    for one in declared:
        kind = one["type"].rpartition(":")[2]
        text = product.resources.get(kind)
        if text is None or text not in json.dumps(_readable(one.get("inputs") or {})):
            continue
        counts[kind] = counts.get(kind, 0) + 1
        if changed := one.get("modified") or one.get("created"):
            last = max(last or 0.0, datetime.fromisoformat(changed).timestamp())
    return Cell(", ".join(f"{kind}: {count}" for kind, count in sorted(counts.items())), sum(counts.values()), last)


def _answered(product: Product, operations: Mapping[str, Json]) -> Cell:
    own = {name: one for name, one in operations.items() if name.split(" ")[1].startswith(product.operations)}
    count = sum(one["count"] for one in own.values())
    if not count:
        return Cell("", 0)
    name = max(own, key=lambda one: float(own[one]["last"]))
    return Cell(f"calls: {count}", count, own[name]["last"], name)


def _behaved(product: Product, behaviour: Mapping[str, Json]) -> Cell:
    one = behaviour[product.behaviour]
    return Cell(f"{product.behaviour}: {one['count']}", one["count"], one["last"])


def _graphed(declared: Sequence[Json], metrics: Mapping[str, float]) -> Json:
    """The metrics that some dashboard asks for and that have points: what its graphs show."""
    asked = set()
    for one in declared:
        if one["type"].endswith(":DashboardJson"):
            for query in _metric_queries(_readable(one["inputs"])):
                asked |= _named(query)
    times = [metrics[name] for name in asked if name in metrics]
    return {"count": len(times), "last": max(times, default=None)}


def _named(query: str) -> set[str]:
    try:
        return {one.metric for one in metric_references(parse_metric_query(VARIABLE.sub("variable:value", query)))}
    except QueryError:
        return set()


def _metric_queries(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["query"]] if node.get("data_source") == "metrics" and isinstance(node.get("query"), str) else []
        return own + [query for below in node.values() for query in _metric_queries(below)]
    return [query for below in node for query in _metric_queries(below)] if isinstance(node, list) else []


def _readable(node: Any) -> Any:
    """Inputs with the JSON texts in them read."""
    if isinstance(node, dict):
        return {key: _readable(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_readable(one) for one in node]
    if isinstance(node, str) and node[:1] in {"{", "["}:
        try:
            return json.loads(node)
        except ValueError:
            return node
    return node
