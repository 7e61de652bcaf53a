"""What the table of products says was seen, and is not seen when its way is blocked."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from firedrill.products import PRODUCTS
from firedrill.status_products import COLUMNS, NOT_SEEN, Row, markdown, rows, show
from tests.infra.conftest import record
from tests.status.account import CHANNELS, EVERYTHING, KEYS, Account, statsd

ROOT = Path(__file__).parents[2]
NAMES = [one.name for one in PRODUCTS]
Json = dict[str, Any]


def cells(found: list[Row], column: str) -> dict[str, bool]:
    return {row.product.name: row.cells[COLUMNS.index(column)].seen for row in found}


@pytest.fixture(scope="module")
def declared() -> list[Json]:
    """The stack's resources, as its state has them."""
    return [
        {"custom": not one["type"].startswith(("llm-api:", "pulumi:pulumi:")), "type": one["type"],
         "inputs": one.get("object", {}), "created": "2026-11-25T12:00:00Z"}
        for one in record()["requests"]
    ]  # fmt: skip


NOTHING: Json = {
    "operations": {},
    "metrics": {},
    "behaviour": {one.behaviour: {"count": 0, "last": None} for one in PRODUCTS},
}


def test_there_are_the_missions_products() -> None:
    text = (ROOT / "tests" / "e2e" / "datadog-products.txt").read_text()
    scores = re.findall(r"^\| ([^|]+?) \|.*\|.*\|.*\|$", text, re.MULTILINE)[1:]
    assert [one for one in scores if not one.startswith("-")] == NAMES
    assert len(NAMES) == 19


def test_nothing_is_seen_where_nothing_happened() -> None:
    assert not any(cell.seen for row in rows([], NOTHING) for cell in row.cells)
    assert markdown(rows([], NOTHING)).count(NOT_SEEN) == 19 * 3 + 1


def test_each_product_is_configured(declared: list[Json]) -> None:
    assert [name for name, seen in cells(rows(declared, NOTHING), "configured").items() if not seen] == []


@pytest.mark.parametrize("product", PRODUCTS, ids=NAMES)
def test_what_is_not_declared_is_not_configured(product: Any, declared: list[Json]) -> None:
    left = [one for one in declared if one["type"].rpartition(":")[2] not in product.resources]
    assert not cells(rows(left, NOTHING), "configured")[product.name]


def test_a_screen_has_a_row_for_each(declared: list[Json], tmp_path: Path) -> None:
    account = Account(tmp_path)
    statsd(account)
    console = Console(width=120, record=True, file=io.StringIO())
    show(rows(declared, account.seen()), console)
    text = console.export_text()
    assert all(name in text for name in NAMES)
    assert re.search(r"sent metrics: 1 \d\d:\d\d", text)
    assert NOT_SEEN in text


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_blocked_channel_is_not_seen_at_run_time(channel: str, tmp_path: Path, declared: list[Json]) -> None:
    blocked, unseen = CHANNELS[channel]
    account = Account(tmp_path, blocked)
    for happens in EVERYTHING:
        happens(account)
    found = cells(rows(declared, account.seen()), "run time")
    assert found == {name: name not in unseen for name in NAMES}


def test_each_product_has_a_channel_that_is_blocked() -> None:
    assert set().union(*(unseen for _, unseen in CHANNELS.values())) == set(NAMES)


def test_a_dashboard_is_seen_when_a_metric_of_its_graphs_has_points(tmp_path: Path, declared: list[Json]) -> None:
    account = Account(tmp_path)
    assert not cells(rows(declared, account.seen()), "run time")["Dashboards"]
    statsd(account)
    assert cells(rows(declared, account.seen()), "run time")["Dashboards"]
    assert not cells(rows([], account.seen()), "run time")["Dashboards"]


SEARCH = {"data": {"type": "search_request", "attributes": {"query": "service:llm-api", "from": 1, "to": 2}}}
PAGE = {"data": {"type": "pages", "attributes": {"title": "t", "urgency": "high", "target": {
    "type": "team_handle", "identifier": "llm-platform"}}}}  # fmt: skip
ASKED: dict[str, tuple[str, str, Json | None]] = {
    "APM": ("GET", "/api/v2/apm/config/metrics", None),
    "Metrics": ("GET", "/api/v1/metrics?from=1", None),
    "Logs": ("GET", "/api/v1/logs/config/indexes", None),
    "Monitors": ("GET", "/api/v1/monitor", None),
    "Dashboards": ("GET", "/api/v1/dashboard", None),
    "SLOs": ("GET", "/api/v1/slo", None),
    "Incidents": ("GET", "/api/v2/incidents", None),
    "LLM Observability": ("GET", "/api/v2/llm-obs/v1/prompts", None),
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
"""A read of each product's API, of those that faults can refuse."""


@pytest.mark.parametrize("product", ASKED)
def test_an_api_that_refuses_is_not_seen(product: str, tmp_path: Path) -> None:
    account = Account(tmp_path)
    prefixes = next(one.operations for one in PRODUCTS if one.name == product)
    faults = {"faults": [{"kind": "forbidden", "path": prefix} for prefix in prefixes]}
    assert account.client.put("/-/faults", json=faults, headers=KEYS).status_code == 200
    for name, (method, path, body) in ASKED.items():
        answer = account.client.request(method, path, json=body, headers=KEYS)
        assert (answer.status_code < 400) == (name != product), (path, answer.status_code, answer.text)
    found = cells(rows([], account.seen()), "API")
    assert {name: found[name] for name in ASKED} == {name: name != product for name in ASKED}


TAKEN: dict[str, tuple[str, Json, Json]] = {
    "Product Analytics": (
        "/api/v2/prodlytics",
        {"type": "server", "application": {"id": "a"}, "event": {"name": "rated"}},
        {"type": "server"},
    ),
    "Watchdog": ("/api/v2/events/search", {"filter": {"query": "source:watchdog"}}, {"filter": {"query": "("}}),
}
"""An endpoint, a body that it takes, and one that it refuses."""


@pytest.mark.parametrize("product", TAKEN)
def test_a_refused_call_is_not_an_answer(product: str, tmp_path: Path) -> None:
    account = Account(tmp_path)
    path, good, bad = TAKEN[product]
    assert account.client.post(path, json=bad, headers=KEYS).status_code == 400
    assert not cells(rows([], account.seen()), "API")[product]
    account.post(path, good)
    assert cells(rows([], account.seen()), "API")[product]


def test_each_products_api_has_a_call_here() -> None:
    assert {*ASKED, *TAKEN} == set(NAMES)


def test_the_page_has_the_products_of_the_table() -> None:
    page = (ROOT / "docs" / "products.md").read_text()
    made = markdown(rows([], NOTHING))
    names = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)
    assert names.findall(page) == names.findall(made)
    assert page.partition("| product |")[0] == made.partition("| product |")[0]
