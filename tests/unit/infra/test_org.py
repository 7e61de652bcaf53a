"""The organisation's program: the resources that it declares, and the errors of its settings."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.org.service_catalog import ENTITIES
from service.telemetry import CONSTANT_TAGS, EMITTED, FROM_LOGS, FROM_RUM, FROM_SPANS, METRICS
from tests.conftest import ROOT
from tests.unit.infra.conftest import inputs_by_name, record

Declared = dict[str, dict[str, Any]]
PROGRAM = str(ROOT / "infra" / "org")


def run(*changes: str, stack: str = "org", **exports: Any) -> dict[str, Any]:
    return record(*changes, stack=stack, PROGRAM=PROGRAM, EXPORTS=json.dumps(exports))


@pytest.fixture(scope="module")
def org() -> Declared:
    return inputs_by_name(run())


def of_kind(declared: Declared, kind: str) -> list[dict[str, Any]]:
    return [inputs for name, inputs in declared.items() if name.endswith(f" {kind}")]


def test_ordered_lists_name_ours_first_and_then_all_others(org: Declared) -> None:
    assert org["orders-indexes LogsIndexOrder"]["indexes"] == ["llm-api-prod", "llm-api-dev", "main"]
    assert org["orders-archives LogsArchiveOrder"]["archiveIds"] == ["archive-dev", "archive-prod", "another's"]
    pipelines = ["requests-dev", "cost-dev", "requests-prod", "cost-prod", "another's"]
    assert org["orders-pipelines LogsPipelineOrder"]["pipelines"] == pipelines
    filters = org["orders-retention-filters ApmRetentionFilterOrder"]["filterIds"]
    assert filters == ["errors-dev", "slow-dev", "errors-prod", "slow-prod", "another's"]
    groups = org["orders-scanner-groups SensitiveDataScannerGroupOrder"]["groupIds"]
    assert groups == ["group-dev", "group-prod", "another's"]


def test_an_index_that_the_order_lacks_is_an_error() -> None:
    error = run('llm-api-org:indexOrder=["llm-api-prod", "main"]')["error"]
    assert error.startswith("stack dev declares the log index 'llm-api-dev', which llm-api-org:indexOrder in")
    assert "infra/org/Pulumi.org.yaml does not name (llm-api-prod, main): it would get no log" in error


def test_a_person_on_call_without_a_notification_channel_is_an_error() -> None:
    error = run(paged=["ada@example.com"])["error"]
    assert re.match("stack (dev|prod) pages ada@example.com, who is missing in llm-api-org:paged in", error)
    assert "infra/org/Pulumi.org.yaml: no page would reach them" in error


def test_each_person_on_call_has_a_rule_for_both_urgencies(org: Declared) -> None:
    [channel] = of_kind(org, "OnCallUserNotificationChannel")
    assert channel["email"]["address"] == "example@example.com"
    rules = of_kind(org, "OnCallUserNotificationRule")
    assert [(rule["category"], rule["delayMinutes"]) for rule in rules] == [("high_urgency", 0), ("low_urgency", 0)]


def test_without_on_call_no_channel_is_declared() -> None:
    without = inputs_by_name(run('llm-api-org:productsOff=["on-call"]'))
    assert not [name for name in without if "OnCall" in name]


def test_an_environment_that_is_not_deployed_is_an_error() -> None:
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
        declared = {inputs["name"]: inputs for inputs in of_kind(org, kind)}
        assert declared.keys() == {metric.name for metric in expected}
        for metric in expected:
            inputs = declared[metric.name]
            assert inputs["compute"]["aggregationType"] == metric.type
            assert inputs["compute"].get("includePercentiles", False) == metric.percentiles
            assert sorted(group_by["tagName"] for group_by in inputs["groupBies"]) == sorted(metric.all_tags)


def test_every_emitted_metric_has_its_unit_and_an_allow_list_of_tags(org: Declared) -> None:
    metadata = {inputs["metric"]: inputs for inputs in of_kind(org, "MetricMetadata")}
    tags = {inputs["metricName"]: inputs for inputs in of_kind(org, "MetricTagConfiguration")}
    assert metadata.keys() == tags.keys() == {metric.name for metric in EMITTED}
    for metric in EMITTED:
        assert metadata[metric.name]["unit"] == metric.unit
        assert "type" not in metadata[metric.name]
        assert tags[metric.name]["tags"] == sorted(metric.all_tags)
        assert tags[metric.name]["includePercentiles"] == metric.percentiles
        assert {tag.key for tag in CONSTANT_TAGS} <= set(tags[metric.name]["tags"])


def test_no_derived_metric_is_of_a_single_environment(org: Declared) -> None:
    for kind in ("SpansMetric", "LogsMetric", "RumMetric"):
        for inputs in of_kind(org, kind):
            assert inputs["name"] in METRICS
            assert "env:" not in inputs["filter"]["query"]


def test_references_in_the_catalog_are_to_its_own_entities() -> None:
    references = {f"{entity['kind']}:{entity['metadata']['name']}" for entity in ENTITIES.values()}
    assert {reference.partition(":")[0] for reference in references} == {"system", "service", "api", "datastore"}
    for entity in ENTITIES.values():
        for part in ("dependsOn", "componentOf", "components", "implementedBy"):
            assert set(entity["spec"].get(part, ())) <= references
        assert entity["kind"] == "service" or "dependsOn" not in entity["spec"]
        assert entity["metadata"]["owner"] == "llm-platform"


def test_the_order_names_the_index_of_each_environment() -> None:
    order = yaml.safe_load((ROOT / "infra" / "org" / "Pulumi.local.yaml").read_text())["config"]
    index = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["llm-api:logIndex"]
    assert index in order["llm-api-org:indexOrder"]
    for stack in ("dev", "prod"):
        index = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["llm-api:logIndex"]
        shared = yaml.safe_load((ROOT / "infra" / "org" / "Pulumi.org.yaml").read_text())["config"]
        assert index in shared["llm-api-org:indexOrder"]
