"""The program for an organisation that lacks products: each of them alone, each with what needs it, and all."""

import json
import re
from typing import Any

import pytest

from infra.products import PLANS, Product, closure
from tests.conftest import ROOT
from tests.unit.infra.conftest import record
from tests.unit.policies.test_stack import messages_by_policy, stack_of

KINDS: dict[Product, str] = {
    "apm": "ApmRetentionFilter|SpansMetric",
    "dashboards": "DashboardJson|DashboardList",
    "deployment-gates": "DeploymentGate",
    "incidents": "Incident",
    "llm-observability": "Evaluator|LlmProject",
    "log-pipelines": "LogsCustomPipeline|LogsPipelineOrder",
    "logs": "LogsIndex|LogsArchive|LogsMetric",
    "metrics": "MetricMetadata|MetricTagConfiguration",
    "monitors": r"Monitor|DowntimeSchedule|RestrictionPolicy",
    "notebooks": "Notebook",
    "on-call": "OnCall",
    "rum": "Rum",
    "sensitive-data-scanner": "SensitiveDataScanner",
    "service-map": "SoftwareCatalog",
    "slos": "ServiceLevelObjective|SloCorrection",
    "synthetics": "SyntheticsTest|SyntheticsGlobalVariable|SyntheticsConcurrencyCap",
    "workflow-automation": "WorkflowAutomation|ActionConnection",
}
"""By product: the kinds of resources (a pattern of their beginning) that its API manages."""
TEXTS: dict[Product, str] = {
    "apm": r'"data_source": "(spans|trace_stream)"|trace-analytics|trace\.flask|llm\.provider\.(duration|errors)\{',
    "ci-visibility": r"ci-pipelines|ci-tests|ci_pipeline|ci_test",
    "error-tracking": r"error-tracking\(|issue_stream",
    "incidents": r"incident_analytics|incidents_stream|@workflow-open-incident",
    "llm-observability": r"ml_obs\.|llm-observability\(|llm_observability",
    "logs": r'"data_source": "logs|log alert|"log_stream"|llm\.logs\.\w+\{',
    "metrics": r'"data_source": "metrics"|query alert',
    "monitors": r"manage_status|alert_graph",
    "notebooks": "@workflow-anomaly-notebook|createFromTemplate",
    "on-call": "@oncall-|createOnCallPage|on_call_events",
    "product-analytics": '"type": "funnel"',
    "rum": r'"data_source": "rum|rum alert|llm\.web\.\w+\{',
    "service-map": "topology_map",
    "slos": r'"slo_list"|"data_source": "slo"|slo alert|error_budget\(|burn_rate\(',
    "watchdog": "source:watchdog",
    "workflow-automation": "@workflow-|run_workflow",
}
"""By product: what only its data or its actions need."""
EACH: list[list[Product]] = [*([product] for product in PLANS), list(PLANS)]
IDS = ["+".join(products) if len(products) == 1 else "all" for products in EACH]


def recorded(program: str, namespace: str) -> list[dict[str, Any]]:
    """Return a program's registrations for each list of missing products."""
    changes = [[f"{namespace}:productsOff={json.dumps(products)}"] for products in EACH]
    answers: list[dict[str, Any]] = record(PROGRAM=str(ROOT / program), EACH=json.dumps(changes))["each"]
    return answers


@pytest.fixture(scope="module")
def environment() -> list[dict[str, Any]]:
    return recorded("", "llm-api")


@pytest.fixture(scope="module")
def organisation() -> list[dict[str, Any]]:
    return recorded("infra/org", "llm-api-org")


def left(answer: dict[str, Any], off: list[Product]) -> list[str]:
    """Return the resources that need a product which is off."""
    wrong = []
    for product in closure(off):
        kinds, texts = re.compile(rf"({KINDS.get(product, '^$')})"), re.compile(TEXTS.get(product, "^$"))
        for request in answer["requests"]:
            kind, custom = request["type"].rpartition(":")[2], request.get("custom")
            body = json.dumps(request.get("object", {})).replace('\\"', '"')
            if custom and not request["type"].startswith("gcp:") and (kinds.match(kind) or texts.search(body)):
                wrong.append(f"{product}: {kind} {request['name']}")
    return wrong


@pytest.mark.parametrize("number", range(len(EACH)), ids=IDS)
def test_nothing_needs_a_product_that_is_off(environment: list[dict[str, Any]], number: int) -> None:
    assert "error" not in environment[number], environment[number]["error"]
    assert left(environment[number], EACH[number]) == []


@pytest.mark.parametrize("number", range(len(EACH)), ids=IDS)
def test_the_organisations_program_does_without_it(organisation: list[dict[str, Any]], number: int) -> None:
    assert "error" not in organisation[number], organisation[number]["error"]
    assert left(organisation[number], EACH[number]) == []


@pytest.mark.parametrize("number", range(len(EACH)), ids=IDS)
def test_the_policies_pass_without_it(environment: list[dict[str, Any]], number: int) -> None:
    assert messages_by_policy(stack_of(environment[number])) == {}


def test_each_product_takes_something_away(environment: list[dict[str, Any]], local: dict[str, Any]) -> None:
    whole = {request["name"]: json.dumps(request.get("object")) for request in local["requests"]}
    for products, answer in zip(EACH, environment, strict=True):
        now = {request["name"]: json.dumps(request.get("object")) for request in answer["requests"]}
        assert now != whole, products
    assert len(environment[-1]["requests"]) > 50  # Google Cloud's part is whole


def test_an_unknown_product_is_an_error() -> None:
    answer = record('llm-api:productsOff=["teapots"]')
    assert "llm-api:productsOff" in answer["error"] and "on-call" in answer["error"]


def test_without_keys_of_service_accounts_there_is_no_roll_back_workflow() -> None:
    answer = record("llm-api:serviceAccountKeys=false")
    text = json.dumps(answer["requests"])
    assert "error" not in answer and "gcp:serviceaccount/key:Key" not in text
    assert "@workflow-roll-back" not in text and "rollback-workflow" not in text
    assert messages_by_policy(stack_of(answer)) == {}


def test_without_outside_members_cloud_run_checks_no_caller_and_nothing_is_granted_to_datadog() -> None:
    answer = record("llm-api:outsideMembers=false")
    assert "error" not in answer
    assert '"allUsers"' not in json.dumps(answer["requests"])
    kinds = [request["type"].rpartition(":")[2] for request in answer["requests"]]
    assert "IntegrationSts" not in kinds and "LogsArchive" not in kinds
    [service] = [request["object"] for request in answer["requests"] if request["name"] == "llm-api-service"]
    assert service["invokerIamDisabled"] is True
    assert set(messages_by_policy(stack_of(answer))) <= {"log-index-and-archive", "iam-public-only-with-authentication"}
