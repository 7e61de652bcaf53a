"""The declared pipelines, scanner rules, index and log metrics, applied to the service's lines by the sandbox's intake.

The declarations are those that the two programs register; the sandbox's provider turns them into the API's bodies.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firedrill.datadog.mapping.kind import DatadogKind
from firedrill.datadog.provider import provider
from firedrill.sandbox.datadog.intake.receiver import Receiver
from infra.observability.logs.scanner import RULES
from tests.conftest import ROOT
from tests.unit.infra.conftest import record

Body = dict[str, Any]
PATTERNS = {rule.kind: rule for rule in RULES}


def bodies(declared: dict[str, Body], kind: str) -> Iterator[Body]:
    """Yield the API's bodies of the given resources of a kind."""
    entry = provider().kinds[f"datadog:index/{kind[0].lower()}{kind[1:]}:{kind}"]
    assert isinstance(entry, DatadogKind)
    for name, inputs in declared.items():
        if name.endswith(f" {kind}"):
            yield {**entry.schema.send(inputs), "id": inputs.get("name", name)}


class Account(dict[str, list[Body]]):
    """The declared objects of the one organisation, by kind."""

    def objects(self, _: str, kind: str) -> list[Body]:
        return self.get(kind, [])


@pytest.fixture(scope="module")
def account(local: dict[str, Any], declared: dict[str, Body]) -> Account:
    shared = record(PROGRAM=str(ROOT / "infra" / "org"))
    assert "error" not in shared, shared["error"]
    org = {
        f"{request['name']} {request['type'].rpartition(':')[2]}": request.get("object", {})
        for request in shared["requests"]
    }
    groups = [{**body, "id": "g", "place": 0} for body in bodies(declared, "SensitiveDataScannerGroup")]
    rules = [
        {**body, "relationships": {"group": {"data": {"id": "g"}}}}
        for body in bodies(declared, "SensitiveDataScannerRule")
    ]
    ordered = [
        f"{identifier.removesuffix('-id')} LogsCustomPipeline" for identifier in local["exports"]["log_pipelines"]
    ]
    pipelines = list(bodies({name: declared[name] for name in ordered}, "LogsCustomPipeline"))
    assert [pipeline["name"].rpartition(" ")[2] for pipeline in pipelines] == [
        "requests",
        "enrichment",
        "cost",
        "security",
    ]
    assert (len(groups), len(rules)) == (1, len(RULES))
    return Account(
        logs_pipelines=pipelines,
        logs_indexes=list(bodies(declared, "LogsIndex")),
        logs_metrics=list(bodies(org, "LogsMetric")),
        sds_groups=groups,
        sds_rules=rules,
    )


@pytest.fixture
def receiver(tmp_path: Path, account: Account) -> Receiver:
    return Receiver(tmp_path / "datadog.sqlite", "org", account.objects)


def line(**fields: Any) -> Body:
    common = {"level": "INFO", "message": "chat: answered", "dd.service": "llm-api", "dd.env": "local"}
    return {"service": "llm-api", "ddtags": "env:local,version:7", "message": json.dumps(common | fields)}


def chat(**fields: Any) -> Body:
    numbers = {"input_tokens": 3, "output_tokens": 40, "cost_usd": 0.001, "duration_seconds": 1}
    usual = {"event": "chat", "outcome": "ok", "model": "m", "cached": False, "http": {"status_code": 200}}
    return line(**{**usual, **numbers, **fields})


def index_logs(receiver: Receiver, *lines: Body) -> list[Body]:
    receiver.logs("org", list(lines), {})
    return [dict(event.attributes) for event in receiver.store("org").events("logs", 0, time.time() + 60)]


def metric_sums(receiver: Receiver, metric: str) -> dict[str, float]:
    """Return a metric's sums by the tags that it has beside the unified ones."""
    sums = {}
    for series in receiver.store("org").series(metric, 0, np.inf):
        tags = sorted(tag for tag in series.tags if tag.partition(":")[0] not in ("env", "service", "version"))
        assert {"env:local", "service:llm-api", "version:7"} <= series.tags
        sums[",".join(tags)] = float(series.values.sum())
    return sums


def test_a_chat_gets_its_bands_and_is_counted(receiver: Receiver) -> None:
    logs = index_logs(
        receiver,
        chat(),
        chat(cost_usd=0.03, duration_seconds=9),
        chat(outcome="throttled", http={"status_code": 429}, cost_usd=0, output_tokens=0),
    )
    added = [
        {key: log["attributes"][key] for key in ("total_tokens", "cost_band", "duration_band", "status_family")}
        for log in logs
    ]
    assert added == [
        {"total_tokens": 43, "cost_band": "ordinary", "duration_band": "fast", "status_family": "ok"},
        {"total_tokens": 43, "cost_band": "expensive", "duration_band": "slow", "status_family": "ok"},
        {"total_tokens": 3, "cost_band": "free", "duration_band": "fast", "status_family": "error"},
    ]
    assert metric_sums(receiver, "llm.logs.chats") == {
        "cached:false,model:m,outcome:ok": 2,
        "cached:false,model:m,outcome:throttled": 1,
    }
    assert metric_sums(receiver, "llm.logs.cost") == {
        "cost_band:expensive,model:m": 0.03,
        "cost_band:free,model:m": 0,
        "cost_band:ordinary,model:m": 0.001,
    }
    assert metric_sums(receiver, "llm.product.feature_uses") == {"product_feature:chat": 3}


@pytest.mark.parametrize(
    ("endpoint", "status", "feature", "family"),
    [
        ("/incidents/{incident_id}/resolve", 200, "incidents", "ok"),
        ("/ci/deployment", 400, "ci", "caller_error"),
        ("/oncall/page", 502, "on_call", "error"),
        ("/products", 200, "other", "ok"),
    ],
)
def test_a_call_of_an_endpoint_is_counted_by_feature_and_fault(
    receiver: Receiver, endpoint: str, status: int, feature: str, family: str
) -> None:
    index_logs(receiver, line(event="product", endpoint=endpoint, http={"status_code": status}))
    assert metric_sums(receiver, "llm.product.feature_uses") == {f"product_feature:{feature}": 1}
    assert metric_sums(receiver, "llm.product.endpoint_calls") == {f"endpoint:{endpoint},status_family:{family}": 1}


def test_user_text_and_credentials_are_dropped(receiver: Receiver) -> None:
    request = {"headers": {"authorization": "secret-1", "cookie": "secret-2", "accept": "*/*"}}
    [log] = index_logs(
        receiver, chat(prompt="secret-3", answer="secret-4", http={"status_code": 401, "request": request})
    )
    assert "secret" not in json.dumps(log)
    assert log["attributes"]["http"]["request"]["headers"] == {"accept": "*/*"}
    assert log["attributes"]["security_finding"] == "refused_caller"


def test_the_index_takes_one_in_ten_cached_answers_and_no_debug_lines(receiver: Receiver) -> None:
    cached = [chat(cached=True, duration_seconds=n / 1000) for n in range(400)]
    logs = index_logs(receiver, *cached, chat(level="DEBUG"), chat(cached=True, outcome="throttled"))
    assert 15 <= sum(log["attributes"]["outcome"] == "ok" for log in logs) <= 80
    assert sum(log["attributes"]["outcome"] == "throttled" for log in logs) == 1
    assert sum(metric_sums(receiver, "llm.logs.chats").values()) == 402


REDACTED_TEXTS = {
    "EMAIL": ("write to ada.okafor@example.com today", "write to REDACTED-EMAIL today"),
    "CARD": ("paid by card 4000 1234 1234 1234, thanks", "paid by card REDACTED-CARD, thanks"),
    "GOOGLE-KEY": ("key=AIza" + "x" * 35 + " was refused", "key=REDACTED-GOOGLE-KEY was refused"),
    "TOKEN": ("sent Bearer abcdefghijklmnop.qrstuv to it", "sent REDACTED-TOKEN to it"),
    "PRIVATE-KEY": ("-----BEGIN RSA PRIVATE KEY----- and more", "REDACTED-PRIVATE-KEY and more"),
}


@pytest.mark.parametrize("kind", PATTERNS)
def test_each_rule_redacts_and_is_counted(receiver: Receiver, kind: str) -> None:
    text, clean = REDACTED_TEXTS[kind]
    [log] = index_logs(receiver, line(event="tracked_error", error={"kind": "E", "message": text, "stack": ""}))
    assert log["attributes"]["error"]["message"] == clean
    assert metric_sums(receiver, "llm.logs.redactions") == {"": 1}


@pytest.mark.parametrize(
    "text",
    [
        "order 4000123412341234 shipped",  # a number without a keyword before it
        "mail@host and @mention",
        "token=short",
        "AIzaShort",
        "the PRIVATE KEY of the matter",
        "status ada.okafor@example.com",  # within 30 characters behind a reserved word nothing is redacted
    ],
)
def test_other_text_is_not_redacted(receiver: Receiver, text: str) -> None:
    [log] = index_logs(receiver, line(event="tracked_error", error={"kind": "E", "message": text, "stack": ""}))
    assert log["attributes"]["error"]["message"] == text
    assert metric_sums(receiver, "llm.logs.redactions") == {}


def test_lines_of_another_environment_are_not_processed(receiver: Receiver) -> None:
    foreign_line = chat(prompt="kept", message="ada.okafor@example.com")
    foreign_line["ddtags"] = "env:other"
    foreign_line["message"] = foreign_line["message"].replace('"dd.env": "local"', '"dd.env": "other"')
    assert index_logs(receiver, foreign_line) == []
    assert receiver.counters()["logs.matched_no_index"] == 1
    assert "cost_band" not in "".join(
        str(series.tags) for series in receiver.store("org").series("llm.logs.cost", 0, np.inf)
    )
