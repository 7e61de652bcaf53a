"""The table of products: each shows evidence where there is some, and none when its channel is blocked."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from firedrill.cli.status_products import COLUMNS, NOT_SEEN, Row, markdown, rows, show
from firedrill.products import PRODUCTS
from tests.integration.status.account import CHANNELS, EVERYTHING, KEYS, Account, send_metrics
from tests.unit.infra.conftest import record

ROOT = Path(__file__).parents[3]
NAMES = [product.name for product in PRODUCTS]
Json = dict[str, Any]


def cells(table: list[Row], column: str) -> dict[str, bool]:
    return {row.product.name: row.cells[COLUMNS.index(column)].seen for row in table}


@pytest.fixture(scope="module")
def declared() -> list[Json]:
    """Return the stack's resources in the form of its state."""
    return [
        {"custom": not request["type"].startswith(("llm-api:", "pulumi:pulumi:")), "type": request["type"],
         "inputs": request.get("object", {}), "created": "2026-11-25T12:00:00Z"}
        for request in record()["requests"]
    ]  # fmt: skip


NOTHING: Json = {
    "operations": {},
    "metrics": {},
    "behaviour": {product.behaviour: {"count": 0, "last": None} for product in PRODUCTS},
}


def test_the_table_has_the_missions_products() -> None:
    text = (ROOT / "tests" / "e2e" / "datadog-products.txt").read_text()
    scores = re.findall(r"^\| ([^|]+?) \|.*\|.*\|.*\|$", text, re.MULTILINE)[1:]
    assert [score for score in scores if not score.startswith("-")] == NAMES
    assert len(NAMES) == 19


def test_an_empty_account_has_no_evidence() -> None:
    assert not any(cell.seen for row in rows([], NOTHING) for cell in row.cells)
    assert markdown(rows([], NOTHING)).count(NOT_SEEN) == 19 * 3 + 1


def test_each_product_is_configured(declared: list[Json]) -> None:
    assert [name for name, seen in cells(rows(declared, NOTHING), "configured").items() if not seen] == []


@pytest.mark.parametrize("product", PRODUCTS, ids=NAMES)
def test_what_is_not_declared_is_not_configured(product: Any, declared: list[Json]) -> None:
    others = [resource for resource in declared if resource["type"].rpartition(":")[2] not in product.resources]
    assert not cells(rows(others, NOTHING), "configured")[product.name]


def test_the_printed_table_has_a_row_for_each_product(declared: list[Json], tmp_path: Path) -> None:
    account = Account(tmp_path)
    send_metrics(account)
    console = Console(width=120, record=True, file=io.StringIO())
    show(rows(declared, account.seen()), console)
    text = console.export_text()
    assert all(name in text for name in NAMES)
    assert re.search(r"sent metrics: 1 \d\d:\d\d", text)
    assert NOT_SEEN in text


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_blocked_channel_leaves_no_evidence_at_run_time(channel: str, tmp_path: Path, declared: list[Json]) -> None:
    blocked, unseen = CHANNELS[channel]
    account = Account(tmp_path, blocked)
    for act in EVERYTHING:
        act(account)
    evidence = cells(rows(declared, account.seen()), "run time")
    assert evidence == {name: name not in unseen for name in NAMES}


def test_each_product_has_a_channel_that_can_be_blocked() -> None:
    assert set().union(*(unseen for _, unseen in CHANNELS.values())) == set(NAMES)


def test_a_dashboard_is_seen_when_a_metric_of_its_graphs_has_points(tmp_path: Path, declared: list[Json]) -> None:
    account = Account(tmp_path)
    assert not cells(rows(declared, account.seen()), "run time")["Dashboards"]
    send_metrics(account)
    assert cells(rows(declared, account.seen()), "run time")["Dashboards"]
    assert not cells(rows([], account.seen()), "run time")["Dashboards"]


SEARCH = {"data": {"type": "search_request", "attributes": {"query": "service:llm-api", "from": 1, "to": 2}}}
PAGE = {"data": {"type": "pages", "attributes": {"title": "t", "urgency": "high", "target": {
    "type": "team_handle", "identifier": "llm-platform"}}}}  # fmt: skip
READS: dict[str, tuple[str, str, Json | None]] = {
    "APM": ("GET", "/api/v2/apm/config/metrics", None),
    "Metrics": ("GET", "/api/v1/metrics?from=1", None),
    "Logs": ("GET", "/api/v1/logs/config/indexes", None),
    "Monitors": ("GET", "/api/v1/monitor", None),
    "Dashboards": ("GET", "/api/v1/dashboard", None),
    "SLOs": ("GET", "/api/v1/slo", None),
    "Incidents": ("GET", "/api/v2/incidents", None),
    "LLM Observability": ("GET", "/api/v2/llm-obs/v1/projects", None),
    "Synthetics": ("GET", "/api/v1/synthetics/tests", None),
    "Notebooks": ("GET", "/api/v1/notebooks", None),
    "Workflow Automation": ("GET", "/api/v2/workflows", None),
    "On-Call": ("GET", "/api/v2/on-call/pages", None),
    "Log Pipelines": ("GET", "/api/v1/logs/config/pipelines", None),
    "Service Map": ("GET", "/api/v2/catalog/entity", None),
    "CI Visibility": ("GET", "/api/v2/deployment_gates", None),
    "RUM": ("GET", "/api/v2/rum/applications", None),
    "Error Tracking": ("POST", "/api/v2/error-tracking/issues/search", SEARCH),
}
"""A read of each product's API, where a fault can refuse it."""


@pytest.mark.parametrize("product", READS)
def test_an_api_that_refuses_is_no_evidence(product: str, tmp_path: Path) -> None:
    account = Account(tmp_path)
    prefixes = next(each.operations for each in PRODUCTS if each.name == product)
    faults = {"faults": [{"kind": "forbidden", "path": prefix} for prefix in prefixes]}
    assert account.client.put("/-/faults", json=faults, headers=KEYS).status_code == 200
    for name, (method, path, body) in READS.items():
        answer = account.client.request(method, path, json=body, headers=KEYS)
        assert (answer.status_code < 400) == (name != product), (path, answer.status_code, answer.text)
    evidence = cells(rows([], account.seen()), "API")
    assert {name: evidence[name] for name in READS} == {name: name != product for name in READS}


WRITES: dict[str, tuple[str, Json, Json]] = {
    "Product Analytics": (
        "/api/v2/prodlytics",
        {"type": "server", "application": {"id": "a"}, "event": {"name": "rated"}},
        {"type": "server"},
    ),
    "Watchdog": ("/api/v2/events/search", {"filter": {"query": "source:watchdog"}}, {"filter": {"query": "("}}),
}
"""An endpoint, a body that it accepts, and a body that it refuses."""


@pytest.mark.parametrize("product", WRITES)
def test_a_refused_write_is_no_evidence(product: str, tmp_path: Path) -> None:
    account = Account(tmp_path)
    path, accepted, refused = WRITES[product]
    assert account.client.post(path, json=refused, headers=KEYS).status_code == 400
    assert not cells(rows([], account.seen()), "API")[product]
    account.post(path, accepted)
    assert cells(rows([], account.seen()), "API")[product]


def test_each_products_api_has_a_call_here() -> None:
    assert {*READS, *WRITES} == set(NAMES)


def test_the_page_has_the_products_of_the_table() -> None:
    page = (ROOT / "docs" / "products.md").read_text()
    generated = markdown(rows([], NOTHING))
    names = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)
    assert names.findall(page) == names.findall(generated)
    assert page.partition("| product |")[0] == generated.partition("| product |")[0]
