"""What the organisation's program declares, and what it refuses."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.org.service_catalog import ENTITIES
from service.telemetry import CONSTANT_TAGS, EMITTED, FROM_LOGS, FROM_RUM, FROM_SPANS, METRICS
from tests.conftest import ROOT
from tests.infra.conftest import record

Declared = dict[str, dict[str, Any]]
PROGRAM = str(ROOT / "infra" / "org")


def run(*changes: str, stack: str = "org", **exports: Any) -> dict[str, Any]:
    return record(*changes, stack=stack, PROGRAM=PROGRAM, EXPORTS=json.dumps(exports))


def by_name(answer: dict[str, Any]) -> Declared:
    assert "error" not in answer, answer["error"]
    return {f"{one['name']} {one['type'].rpartition(':')[2]}": one.get("object", {}) for one in answer["requests"]}


@pytest.fixture(scope="module")
def org() -> Declared:
    return by_name(run())


def of_kind(declared: Declared, kind: str) -> list[dict[str, Any]]:
    return [inputs for name, inputs in declared.items() if name.endswith(f" {kind}")]


def test_ordered_lists_name_ours_first_and_everybody_elses(org: Declared) -> None:
    assert org["orders-indexes LogsIndexOrder"]["indexes"] == ["llm-api-prod", "llm-api-dev", "main"]
    assert org["orders-archives LogsArchiveOrder"]["archiveIds"] == ["archive-dev", "archive-prod", "another's"]
    pipelines = ["requests-dev", "cost-dev", "requests-prod", "cost-prod", "another's"]
    assert org["orders-pipelines LogsPipelineOrder"]["pipelines"] == pipelines
    filters = org["orders-retention-filters ApmRetentionFilterOrder"]["filterIds"]
    assert filters == ["errors-dev", "slow-dev", "errors-prod", "slow-prod", "another's"]
    groups = org["orders-scanner-groups SensitiveDataScannerGroupOrder"]["groupIds"]
    assert groups == ["group-dev", "group-prod", "another's"]


def test_a_declared_index_that_no_order_names_is_an_error_that_says_so() -> None:
    error = run('llm-api-org:indexOrder=["llm-api-prod", "main"]')["error"]
    assert error.startswith("stack dev declares the log index 'llm-api-dev', which llm-api-org:indexOrder in")
    assert "infra/org/Pulumi.org.yaml does not name (llm-api-prod, main): it would get no log" in error


def test_a_person_whom_nobody_could_reach_is_an_error_that_says_so() -> None:
    error = run(paged=["ada@example.com"])["error"]
    assert re.match("stack (dev|prod) pages ada@example.com, whom llm-api-org:paged in", error)
    assert "infra/org/Pulumi.org.yaml does not name: no page would reach them" in error


def test_each_person_who_is_paged_has_a_way_for_both_urgencies(org: Declared) -> None:
    [channel] = of_kind(org, "OnCallUserNotificationChannel")
    assert channel["email"]["address"] == "CHANGE-ME@example.com"
    rules = of_kind(org, "OnCallUserNotificationRule")
    assert [(one["category"], one["delayMinutes"]) for one in rules] == [("high_urgency", 0), ("low_urgency", 0)]


def test_without_on_call_nobody_is_reached_by_it() -> None:
    without = by_name(run('llm-api-org:productsOff=["on-call"]'))
    assert not [name for name in without if "OnCall" in name]


def test_an_environment_that_is_not_deployed_is_named() -> None:
    error = run(log_archive=None)["error"]
    assert re.match("stack (dev|prod) of llm-api does not export 'log_archive': deploy it first", error)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("llm-api-org:environments=", "environments"),
        ("llm-api-org:indexOrder=[]", "indexOrder"),
        ("llm-api-org:paged=", "paged"),
        ("llm-api-org:onDemandTests=many", "onDemandTests"),
    ],
)
def test_a_bad_key_is_one_line_that_names_it(change: str, key: str) -> None:
    error = run(change)["error"]
    assert "\n" not in error
    assert error.startswith(f"llm-api-org:{key} in infra/org/Pulumi.org.yaml is missing or wrong")
    assert "pulumi config set" in error


def test_every_metric_that_the_contract_derives_by_declaration_is_declared_with_its_tags(org: Declared) -> None:
    kinds = {"SpansMetric": FROM_SPANS, "LogsMetric": FROM_LOGS, "RumMetric": FROM_RUM}
    for kind, expected in kinds.items():
        found = {one["name"]: one for one in of_kind(org, kind)}
        assert found.keys() == {metric.name for metric in expected}
        for metric in expected:
            inputs = found[metric.name]
            assert inputs["compute"]["aggregationType"] == metric.type
            assert inputs["compute"].get("includePercentiles", False) == metric.percentiles
            assert sorted(one["tagName"] for one in inputs["groupBies"]) == sorted(metric.all_tags)


def test_every_emitted_metric_has_its_unit_and_an_allow_list_of_tags(org: Declared) -> None:
    metadata = {one["metric"]: one for one in of_kind(org, "MetricMetadata")}
    tags = {one["metricName"]: one for one in of_kind(org, "MetricTagConfiguration")}
    assert metadata.keys() == tags.keys() == {metric.name for metric in EMITTED}
    for metric in EMITTED:
        assert metadata[metric.name]["unit"] == metric.unit
        assert "type" not in metadata[metric.name]
        assert tags[metric.name]["tags"] == sorted(metric.all_tags)
        assert tags[metric.name]["includePercentiles"] == metric.percentiles
        assert {tag.key for tag in CONSTANT_TAGS} <= set(tags[metric.name]["tags"])


def test_no_name_of_the_organisations_has_an_environment_in_it(org: Declared) -> None:
    for kind in ("SpansMetric", "LogsMetric", "RumMetric"):
        for one in of_kind(org, kind):
            assert one["name"] in METRICS
            assert "env:" not in one["filter"]["query"]


def test_references_of_the_catalog_lead_to_its_own_entities() -> None:
    known = {f"{one['kind']}:{one['metadata']['name']}" for one in ENTITIES.values()}
    assert {reference.partition(":")[0] for reference in known} == {"system", "service", "api", "datastore"}
    for entity in ENTITIES.values():
        for part in ("dependsOn", "componentOf", "components", "implementedBy"):
            assert set(entity["spec"].get(part, ())) <= known
        assert entity["kind"] == "service" or "dependsOn" not in entity["spec"]
        assert entity["metadata"]["owner"] == "llm-platform"


def test_the_sandboxs_order_names_its_environments_index() -> None:
    order = yaml.safe_load((ROOT / "infra" / "org" / "Pulumi.local.yaml").read_text())["config"]
    index = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["llm-api:logIndex"]
    assert index in order["llm-api-org:indexOrder"]
    for stack in ("dev", "prod"):
        index = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["llm-api:logIndex"]
        shared = yaml.safe_load((ROOT / "infra" / "org" / "Pulumi.org.yaml").read_text())["config"]
        assert index in shared["llm-api-org:indexOrder"]
