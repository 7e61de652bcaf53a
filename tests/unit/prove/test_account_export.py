"""An account's history and telemetry are exported with its API, and the evaluator is compared with them.

The account is the sandbox's Datadog. Its live evaluator goes through three hours minute by minute.
"""

import copy
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from starlette.testclient import TestClient
from typer.testing import CliRunner

from firedrill.cli.main import app as program
from firedrill.datadog.client import DatadogClient
from firedrill.evaluate import Event, Series
from firedrill.prove.account.calibrate import Agreement, calibrate, differing, markdown
from firedrill.prove.account.export import export
from firedrill.prove.account.export_folder import ExportError, RecordedStateChange, read_export
from firedrill.prove.backtest import changes_on_export
from firedrill.prove.ordinary import Ordinary
from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator
from firedrill.sandbox.datadog.live.notifications import NotificationTargets
from firedrill.sandbox.datadog.live.pages import Pages, routing_directory
from firedrill.sandbox.datadog.live.workflows.runner import WorkflowRunner
from firedrill.sandbox.datadog.store import Store

ORG = "org"
START = 1_790_000_040.0
HOURS = 3
QUERIES = {
    "errors": ("query alert", "sum(last_5m):sum:app.errors{env:t}.as_count() > 10"),
    "load": ("query alert", "avg(last_10m):avg:app.load{env:t} by {host} > 4"),
    "latency": ("query alert", "percentile(last_5m):p95:app.latency{env:t} > 3"),
    "calls": ("query alert", "sum(last_5m):count:app.latency{env:t}.as_count() > 120"),
    "lines": ("log alert", 'logs("service:api status:error").index("*").rollup("count").last("5m") > 12'),
    "changed": ("query alert", "sum(last_5m):sum:app.errors{env:t}.as_count() > 10"),
}
ENVIRONMENT = frozenset({"env:t", "service:api"})


class Account:
    """The sandbox's Datadog with a clock that the test moves."""

    def __init__(self, home: Path) -> None:
        self.now = START
        directory = Directory(Store(home / "datadog.sqlite"))
        self.receiver = Receiver(home / "datadog.sqlite", ORG, directory.objects, lambda: self.now)
        journal = Journal(directory, ORG, lambda: self.now)
        workflows = WorkflowRunner(directory, ORG, journal, httpx.Client(), lambda: self.now)
        pages = Pages(directory, ORG, journal, lambda: self.now)
        targets = NotificationTargets(
            lambda: routing_directory(directory, ORG), pages, workflows.start_by_monitor, workflows.declare_incident
        )
        self.evaluator = MonitorEvaluator(directory, self.receiver, journal, targets, lambda: self.now)
        client = TestClient(create_app(directory, routes(self.receiver, 8125)))
        self.api = DatadogClient("http://testserver", ORG, "app", transport=client._transport)

    def minute(self, place: int) -> None:
        """Send a minute of telemetry, worse in the middle of each hour, and evaluate it."""
        rng, bad = np.random.default_rng(place), 20 <= place % 60 < 40
        at, tags = np.array([self.now + 30.0]), ENVIRONMENT
        spread = self.now + 1 + 58 * np.arange(30 if bad else 20) / 30
        series = [Series("app.errors", "count", tags, at, np.array([float(rng.poisson(5 if bad else 0.5))]), 60)]
        for host in ("a", "b"):
            level = np.array([6.0 if bad and host == "a" else 1.0])
            series.append(Series("app.load", "gauge", tags | {f"host:{host}"}, at, level, 60))
        values = rng.lognormal(1.5 if bad else 0, 0.2, spread.size)
        series.append(Series("app.latency", "distribution", tags, spread, values, 60))
        store = self.receiver.store(ORG)
        store.append_series(series)
        body = {"service": "api", "status": "error", "message": "no", "tags": ["env:t"], "attributes": {"code": 5}}
        store.append_events([Event(self.now + 5.0 * k, "logs", dict(body)) for k in range(6 if bad else 1)])
        self.now += 60
        self.evaluator.evaluate_minute(self.now)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """Return an account whose monitors were evaluated for three hours; one of them was changed afterwards."""
    account = Account(tmp_path_factory.mktemp("account"))
    identifiers = {}
    for name, (type, query) in QUERIES.items():
        number = float(query.rpartition(" ")[2])
        body = {"name": name, "type": type, "query": query, "message": "@a@b.c",
                "options": {"thresholds": {"critical": number}, "new_group_delay": 0}}  # fmt: skip
        identifiers[name] = account.api.call("POST /api/v1/monitor", body)["id"]
    for place in range(HOURS * 60):
        account.minute(place)
    query = QUERIES["changed"][1].replace("> 10", "> 24")
    changed = {"query": query, "options": {"thresholds": {"critical": 24.0}}}
    account.api.call(f"PUT /api/v1/monitor/{identifiers['changed']}", changed)
    return account


@pytest.fixture(scope="module")
def folder(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the account's export."""
    target = tmp_path_factory.mktemp("export")
    export(account.api, target, START, account.now, lambda _: None)
    return target


@pytest.fixture(scope="module")
def agreements(folder: Path) -> dict[str, Agreement]:
    """Return the agreement by alert."""
    return {agreement.alert: agreement for agreement in calibrate(read_export(folder))}


@pytest.mark.parametrize("name", ["errors", "load", "latency", "calls", "lines"])
def test_an_unchanged_monitor_agrees(name: str, agreements: dict[str, Agreement]) -> None:
    agreement = agreements[name]
    assert agreement.changes >= 2, "the account's monitor did nothing, so that the comparison shows nothing"
    assert agreement.minutes >= HOURS * 60 - 10
    assert (agreement.first, agreement.share) == (None, 1.0)


def test_a_changed_monitor_is_named_with_the_first_difference(agreements: dict[str, Agreement]) -> None:
    changed = agreements["changed"]
    assert changed.share < 1
    assert changed.first is not None
    assert (changed.first.account, changed.first.evaluator) == ("ALERT", "OK")
    assert changed.first.value is not None
    assert 10 < changed.first.value <= 24
    assert START + 20 * 60 < changed.first.time < START + 40 * 60
    assert "| changed | " in markdown(list(agreements.values())).splitlines()[4]


def test_counts_and_sums_are_exact_and_percentiles_close(account: Account, folder: Path) -> None:
    sent = account.receiver.store(ORG).series("app.latency", START, account.now)[0]
    exported = read_export(folder).telemetry.series("app.latency", START, account.now)[0]
    for minute in np.arange(START, account.now, 60):
        was, now = sent.between(minute, minute + 60).values, exported.between(minute, minute + 60).values
        assert was.size == now.size
        assert now.sum() == pytest.approx(was.sum())
        assert np.quantile(now, 0.95) == pytest.approx(np.quantile(was, 0.95), rel=0.2)


def test_the_command_exits_with_1_if_they_differ(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(program, ["calibrate", str(folder)])
    assert result.exit_code == 1
    assert "| errors | 100.00% |" in result.output
    account = json.loads((folder / "account.json").read_text())
    account["monitors"] = [monitor for monitor in account["monitors"] if monitor["name"] != "changed"]
    for name in ("telemetry.npz", "history.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "account.json").write_text(json.dumps(account))
    assert CliRunner().invoke(program, ["calibrate", str(tmp_path)]).exit_code == 0


def test_the_ordinary_telemetry_is_written_for_simulated_months(folder: Path) -> None:
    ordinary = Ordinary.model_validate(yaml.safe_load((folder / "ordinary.yaml").read_text()))
    kinds = {signal.metric or signal.track: signal.rate for signal in ordinary.signals.values()}
    assert kinds["app.latency"] == pytest.approx(23.3, abs=1)
    assert kinds["app.errors"] == pytest.approx(2, abs=0.5)
    assert kinds["logs"] == pytest.approx(2.67, abs=0.1)


def test_a_folder_that_is_not_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is not an export"):
        read_export(tmp_path)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"status": "error", "monitor": {"id": 7, "groups": ["host:a", "env:b"]}}, ("7", "host:a,env:b", "ALERT")),
        ({"status": "success", "monitor_id": 7, "monitor_groups": []}, ("7", "*", "OK")),
        ({"status": "error", "monitor": {"id": 7}, "title": "[No Data on host:a] x"}, ("7", "*", "NO DATA")),
    ],
)
def test_the_forms_of_an_alert_event(attributes: dict[str, Any], expected: tuple[str, str, str]) -> None:
    change = RecordedStateChange.from_event({"timestamp": "2026-01-05T00:00:00.000Z", "attributes": attributes})
    assert change is not None
    assert (change.monitor, change.group, change.state) == expected


def test_a_difference_of_a_minute_counts_as_agreement() -> None:
    times = np.arange(10, dtype=np.float64) * 60
    ours = np.array([1, 1, 1, 3, 3, 3, 3, 1, 1, 1])
    assert not differing(np.roll(ours, 1), ours, times).any()
    assert differing(np.roll(ours, 1), np.ones(10, np.int64), times).any()


def test_a_backtest_on_exported_data_names_the_lost_alerts(folder: Path) -> None:
    exported = read_export(folder)
    changed = copy.deepcopy(exported.definitions)
    errors = next(monitor for monitor in changed.account.monitors if monitor["name"] == "errors")
    errors["query"] = errors["query"].replace("> 10", "> 1000")
    errors["options"]["thresholds"]["critical"] = 1000
    [found] = changes_on_export(exported.definitions, changed, exported)
    row = found.row
    assert row.startswith("| errors | ")
    assert "3 → 0 alerts" in row
    assert "no longer at 2026-" in row
