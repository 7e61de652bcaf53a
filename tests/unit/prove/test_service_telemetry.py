"""The contract of one service of an account is read with the account's API."""

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from firedrill.contract.contract import derive_contract
from firedrill.datadog.client import DatadogClient
from firedrill.evaluate import Event, Series
from firedrill.prove.account.service_telemetry import read_service
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.store import Store

ORG = "org"
START, NOW = 1_790_000_040.0, 1_790_000_040.0 + 3600


@pytest.fixture
def account(tmp_path: Path) -> DatadogClient:
    """Return an account with the telemetry of two services."""
    directory = Directory(Store(tmp_path / "datadog.sqlite"))
    receiver = Receiver(tmp_path / "datadog.sqlite", ORG, directory.objects, lambda: NOW)
    times = START + 60.0 * np.arange(30, dtype=np.float64) + 30
    for service, metric, tag in (("shop", "shop.orders", "outcome:ok"), ("other", "other.calls", "kind:x")):
        tags = frozenset({f"service:{service}", "env:prod", tag})
        receiver.store(ORG).append_series([Series(metric, "count", tags, times, np.full(30, 2.0), 60)])
        line = {"service": service, "status": "info", "tags": ["env:prod"], "attributes": {"event": "order", "ms": 7}}
        receiver.store(ORG).append_events([Event(float(time), "logs", dict(line)) for time in times[:5]])
    client = TestClient(create_app(directory, routes(receiver, 8125)))
    return DatadogClient("http://testserver", ORG, "app", transport=client._transport)


def test_only_what_the_service_sent_is_in_its_contract(account: DatadogClient) -> None:
    telemetry = read_service(account, "shop", (START, NOW), lambda _: None)
    contract = derive_contract(telemetry)
    assert list(contract.metrics) == ["shop.orders"]
    assert contract.metrics["shop.orders"].type == "count"
    assert contract.metrics["shop.orders"].tags == {"env": ["prod"], "outcome": ["ok"], "service": ["shop"]}
    assert contract.events["logs"]["@event"] == ["order"]
    assert contract.events["logs"]["@ms"] == [], "a number is measured: its values are no list"
    assert contract.events["logs"]["service"] == ["shop"]
    [series] = telemetry.all_series
    assert series.values.sum() == pytest.approx(60)


def test_a_service_that_nobody_knows_has_nothing(account: DatadogClient) -> None:
    telemetry = read_service(account, "shops", (START, NOW), lambda _: None)
    assert not telemetry.all_series and not telemetry.tracks()
