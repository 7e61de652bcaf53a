"""The provider checks, plans and writes as the published one did in recorded cases (an excerpt in cases.jsonl.xz)."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.http.api import AccountApi
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.wire.cases import Outcome, compare, score

Json = Any
_LATER = "the release that the SDK pins has warmup and failOnNoData, the recorded one does not"
_HISTORY = "the recorded object had a value from an earlier case, which neither the inputs nor the outputs show"
_REFUSED = "the API refuses a month that does not exist, which the recorded one was not asked about"
_HASHES = "a set of objects in the order of Terraform's hashes"
KNOWN = {
    "diff CostBudget budget endMonth#1": _REFUSED,
    "update CostBudget budget endMonth#1": _REFUSED,
    "update DeploymentGate gate m4": _LATER,
    "update DeploymentGate gate dryRun#0": _LATER,
    "update DeploymentGate gate rules#0": _LATER,
    "diff IncidentUserDefinedField incidents-failure-mode incidentType#0": _HISTORY,
    "diff IncidentUserDefinedField incidents-failure-mode name#0": _HISTORY,
    "diff LogsIndex log-storage-index m11": _HISTORY,
    "diff LogsIndex log-storage-index -dailyLimit": _HISTORY,
    "diff LogsIndex log-storage-index dailyLimit#0": _HISTORY,
    "update DashboardJson dashboards-health m1": _HISTORY,
    "diff DashboardJson dashboards-product m0": _HISTORY,
    "update DashboardJson dashboards-product m1": _HISTORY,
    "update DashboardJson dashboards-product m3": _HISTORY,
    "diff Monitor first-token-slow +enableLogsSample": _HISTORY,
    "diff Monitor requests-fail +enableLogsSample": _HISTORY,
    "diff MetricMetadata metrics-llm-redaction-drops +type#0": _HISTORY,
    "diff IntegrationSts datadog-sts m9": _HISTORY,
    "diff LogsMetric logs-llm-logs-chats m3": _HASHES,
    "diff LogsMetric logs-llm-logs-cost m3": _HASHES,
}
"""Outcomes that differ, and why."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    text = lzma.decompress((Path(__file__).parent / "cases.jsonl.xz").read_bytes()).decode()
    api = AccountApi(Directory(Store(tmp_path_factory.mktemp("cases") / "datadog.sqlite")))
    return list(compare(api, [json.loads(line) for line in text.splitlines()]))


def test_only_known_cases_differ(outcomes: list[Outcome]) -> None:
    differing = {f"{outcome.operation} {outcome.case}": outcome for outcome in outcomes if outcome.differences}

    unexpected = [str(outcome) for name, outcome in differing.items() if name not in KNOWN]
    assert not unexpected, "\n".join(unexpected)
    assert sorted(differing) == sorted(KNOWN), "a case is equal now: remove it from KNOWN"


def test_each_operation_is_compared(outcomes: list[Outcome]) -> None:
    compared = {operation: most for operation, (_, most) in score(outcomes).items()}

    assert compared["check"] > 300 and compared["diff"] > 200 and compared["update"] > 150
    assert compared["create"] > 40 and compared["delete"] > 25


def test_a_difference_is_named(tmp_path: Path) -> None:
    recorded = {"type": "datadog:index/team:Team", "name": "team", "op": "create", "what": None, "olds": None}
    inputs = {"name": "Team", "handle": "team", "description": "d"}
    request = {"method": "POST", "path": "/api/v2/team", "query": "", "step": "create", "status": 201}
    body = {"data": {"type": "team", "attributes": {**inputs, "handle": "other"}}}
    case = {**recorded, "news": inputs, "checked": inputs, "diff": None, "outputs": None}

    api = AccountApi(Directory(Store(tmp_path / "datadog.sqlite")))

    [check, create] = compare(api, [{**case, "requests": [{**request, "body": body}]}])

    assert check.differences == []
    assert create.differences == ['[0].body.data.attributes.handle: published "other", ours "team"']
