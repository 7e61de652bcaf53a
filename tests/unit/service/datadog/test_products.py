"""The list of products, and what it says when Datadog's API cannot be called."""

import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from firedrill.products import PRODUCTS
from service.datadog import products
from tests.unit.service.conftest import READER, Create
from tests.unit.service.fakes import FakeDatadog


def test_all_products_are_on_where_the_keys_are_set(reader: FlaskClient, datadog: FakeDatadog) -> None:
    answer = reader.get("/datadog/products").get_json()
    assert (answer["count"], answer["last_seen_of"]) == (19, "the process that answers")
    assert {row["status"] for row in answer["products"]} == {"on"}
    assert datadog.requests == []


def test_what_needs_the_api_is_off_without_its_keys_and_the_log_says_so(
    create: Create, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        app = create(DD_API_KEY="", DD_APP_KEY="")
    answer = app.test_client().get("/datadog/products", headers={"Authorization": f"Bearer {READER}"}).get_json()
    off = {row["name"]: row["reason"] for row in answer["products"] if row["status"] == "off"}
    assert set(off) == {product.name for product in products.PRODUCTS if product.needs == "api"}
    assert set(off.values()) == {"DD_API_KEY and DD_APP_KEY not set"}
    lines = [record.getMessage() for record in caplog.records]
    assert {f"{name}: off, {reason}" for name, reason in off.items()} <= set(lines)


def test_they_are_the_products_that_the_tool_knows() -> None:
    assert [product.name for product in products.PRODUCTS] == [product.name for product in PRODUCTS]


def test_a_product_says_when_it_was_last_used(
    reader: FlaskClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.telemetry.last_seen._times", {})

    def seen() -> dict[str, str | None]:
        return {row["name"]: row["last_seen"] for row in reader.get("/datadog/products").get_json()["products"]}

    assert seen()["Incidents"] is None
    datadog.prepare("GET", "/api/v2/incidents", {"errors": ["no"]}, 500)
    assert reader.get("/datadog/incidents").status_code == 503
    assert seen()["Incidents"] is None
    datadog.prepare("GET", "/api/v2/incidents", {"data": []})
    before = datetime.now(UTC).replace(microsecond=0)
    assert reader.get("/datadog/incidents").status_code == 200
    moment = seen()["Incidents"]
    assert moment and before <= datetime.fromisoformat(moment) <= datetime.now(UTC)
    assert seen()["Notebooks"] is None


def test_every_call_of_the_api_belongs_to_a_product() -> None:
    folder = Path(products.__file__).parent
    groups = set(re.findall(r'"v[12]\.(\w+)\.\w+"', "\n".join(path.read_text() for path in folder.glob("*.py"))))
    known = {channel for product in products.PRODUCTS for channel in product.channels}
    # Reads for notebooks and pages, of products whose own telemetry says more.
    assert groups - known == {"TeamsApi", "SpansApi", "MetricsApi"}
