"""The resources that the stack declares, as the engine receives them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from firedrill.delivery import checks
from firedrill.notify import render
from firedrill.notify.transition import SampleTransition
from infra.identity import Identity
from infra.objectives import (
    AVAILABILITY,
    DAY_BURN,
    FAST_BURN,
    SLOW_BURN,
    SLOW_CHAT,
    BudgetThreshold,
    BurnRate,
    Threshold,
    format_number,
)
from infra.observability.alerts.catalog import ALERTS
from infra.observability.incidents import FAILURE_MODES
from service.api import callers
from service.api.chat import ChatRequest
from service.datadog.routes import ENDPOINTS
from service.telemetry import FEATURE

TESTS = {
    "synthetics-health": "health-fails",
    "synthetics-chat": "chat-fails-from-outside",
    "synthetics-page": "page-fails-from-outside",
    "synthetics-operations": "operations-refused",
}
"""Synthetic tests and their runbooks."""
RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
Declared = dict[str, dict[str, Any]]
TAGS = set(Identity("local", "x").tags)


def of_kind(declared: Declared, kind: str) -> Declared:
    return {name: inputs for name, inputs in declared.items() if name.endswith(f" {kind}")}


def test_every_child_has_a_component_as_parent(local: dict[str, Any]) -> None:
    for request in local["requests"]:
        if request["type"] == "pulumi:pulumi:Stack":
            continue
        parent = request["parent"].split("::")[2].rpartition("$")[2]
        expected = "pulumi:pulumi:Stack" if request["type"].startswith("llm-api:") else "llm-api:"
        assert parent.startswith(expected), request["name"]


def test_everything_that_can_carry_tags_is_tagged(declared: Declared) -> None:
    kinds = ("Monitor", "ServiceLevelObjective", "SyntheticsTest", "LogsCustomPipeline", "WorkflowAutomation")
    tagged = [inputs for kind in kinds for inputs in of_kind(declared, kind).values()]
    assert len(tagged) >= 12
    for inputs in tagged:
        assert set(inputs["tags"]) >= TAGS
    labels = [inputs["labels"] for inputs in declared.values() if "labels" in inputs]
    assert len(labels) >= 5
    for label in labels:
        assert label.items() >= {"env": "local", "managed_by": "pulumi", "service": "llm-api"}.items()


def test_a_querys_number_is_its_critical_threshold(declared: Declared) -> None:
    monitors = of_kind(declared, "Monitor")
    assert len(monitors) == len(ALERTS) >= 40
    for alert in ALERTS:
        inputs = monitors[f"{alert.key} Monitor"]
        if alert.type == "composite":
            assert re.fullmatch(r"[m&|!() ]+", re.sub(r"[\w-]+-id", "m", inputs["query"]))
            assert "monitorThresholds" not in inputs
            continue
        limit = alert.limit
        match limit:
            case Threshold():
                number = format_number(limit.critical)
            case BurnRate():
                number = format_number(limit.rate)
            case BudgetThreshold():
                number = format_number(limit.percent)
            case None:
                pytest.fail(f"{alert.key} has no limit")
        assert re.search(rf" (>|>=|<) {re.escape(number)}$", inputs["query"])
        assert inputs["monitorThresholds"]["critical"] == number
        assert "$" not in inputs["query"] + inputs["message"]


def test_warning_and_recovery_are_below_critical() -> None:
    for alert in ALERTS:
        limit = alert.limit
        if isinstance(limit, Threshold) and "< $critical" not in alert.query and limit.critical > 0:
            assert limit.recovery is not None and limit.recovery < limit.critical, alert.key
            # Nobody hears of a signal's warning, and for ``!`` in a composite it would be like an alert.
            assert limit.warning < limit.critical if limit.warning is not None else alert.signal, alert.key


def test_a_ratio_has_a_guard_against_low_traffic(declared: Declared) -> None:
    ratios = [alert for alert in ALERTS if " / (" in alert.query]
    assert len(ratios) >= 10
    for alert in ratios:
        assert isinstance(alert.limit, Threshold) and alert.limit.guard is not None, alert.key
        assert f"+ {format_number(alert.limit.guard)})" in declared[f"{alert.key} Monitor"]["query"]
    burning = [alert for alert in ALERTS if "burns" in alert.query]
    assert all("$signal_enough_chats" in alert.query for alert in burning) and len(burning) == 2


def test_a_composites_members_are_signals_or_alerts_of_their_own(declared: Declared) -> None:
    signals = {alert.key for alert in ALERTS if alert.signal}
    members = {name for alert in ALERTS if alert.type == "composite" for name in re.findall(r"\$(\w+)", alert.query)}
    assert {key.replace("-", "_") for key in signals} <= members
    for key in signals:
        inputs = declared[f"{key} Monitor"]
        assert "severity:signal" in inputs["tags"] and rendered(inputs, "ALERT", "OK", {}) == {}


def test_at_least_five_alerts_open_an_incident(declared: Declared) -> None:
    opening = [alert for alert in ALERTS if alert.incident]
    assert len(opening) >= 5
    for alert in opening:
        handles = rendered(declared[f"{alert.key} Monitor"], "ALERT", "OK", {})
        inputs = handles["workflow open-incident"]
        assert inputs["severity"].startswith("SEV-") and inputs["failure_mode"] in FAILURE_MODES
        assert inputs["runbook"].endswith(f"/{alert.key}.md")
        assert "workflow open-incident" not in rendered(declared[f"{alert.key} Monitor"], "OK", "ALERT", {})


def test_burn_rates_can_be_reached() -> None:
    for burn in (FAST_BURN, SLOW_BURN, DAY_BURN):
        assert burn.rate < 1 / AVAILABILITY.budget


def test_every_alert_has_its_runbook(declared: Declared) -> None:
    for alert in ALERTS:
        inputs = declared[f"{alert.key} Monitor"]
        [asset] = inputs["assets"]
        assert asset["url"] in inputs["message"]
        page = RUNBOOKS / asset["url"].rpartition("/")[2]
        headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert headings == ["What it means", "Check", "Act", "When it is over", "Afterwards"]
    for test, key in TESTS.items():
        inputs = declared[f"{test} SyntheticsTest"]
        assert f"/{key}.md" in inputs["message"]
        headings = re.findall(r"^## (.+)$", (RUNBOOKS / f"{key}.md").read_text(), re.MULTILINE)
        assert headings == ["What it means", "Check", "Act", "When it is over", "Afterwards"]


def test_links_between_runbooks_resolve() -> None:
    for page in RUNBOOKS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert (RUNBOOKS / link).exists(), f"{page.name} links to {link}"


def rendered(inputs: dict[str, Any], new: str, old: str, group: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the handles of a message by ``kind name``, with their parameters."""
    monitor = {"id": 1, "type": inputs["type"], "name": inputs["name"], "query": inputs["query"], "tags": []}
    monitor |= {"message": inputs["message"], "options": {"thresholds": inputs.get("monitorThresholds", {})}}
    change = SampleTransition(old, new, group, 60.0, value=12.0, threshold=4.0, first_triggered=0.0, last_triggered=0.0)
    return {f"{handle.kind} {handle.name}": dict(handle.parameters) for handle in render(monitor, change).handles}


@pytest.mark.parametrize(("key", "group"), [("chat-slow", "model"), ("gemini-throttled", "@model")])
def test_the_workflow_switches_away_from_the_primary_model_only(declared: Declared, key: str, group: str) -> None:
    inputs = declared[f"{key} Monitor"]
    primary = rendered(inputs, "ALERT", "OK", {group: "gemini-3.8-flash"})
    assert primary["workflow switch-model"] == {"model": "gemini-3.5-flash-lite"}
    assert "workflow switch-model" not in rendered(inputs, "ALERT", "OK", {group: "gemini-3.5-flash-lite"})
    assert "workflow switch-model" not in rendered(inputs, "OK", "ALERT", {group: "gemini-3.8-flash"})


def test_a_paging_message_has_its_handle_in_the_recovery_too(declared: Declared) -> None:
    paging = [alert for alert in ALERTS if alert.pages]
    assert [alert.key for alert in paging] == ["cost-runs-away", "availability-fast-burn"]
    for alert in ALERTS:
        for new, old in (("ALERT", "OK"), ("OK", "ALERT")):
            handles = rendered(declared[f"{alert.key} Monitor"], new, old, {})
            assert ("oncall llm-platform" in handles) == alert.pages
    health = declared["synthetics-health SyntheticsTest"]["message"]
    assert health.count("@oncall-llm-platform") == 2
    for ticket in ("synthetics-chat", "synthetics-page", "synthetics-operations"):
        text = declared[f"{ticket} SyntheticsTest"]["message"]
        assert text.count("@llm-platform") == 3 and "oncall" not in text


def test_the_synthetic_chat_continues_and_has_the_latency_threshold(declared: Declared) -> None:
    chat = declared["synthetics-chat SyntheticsTest"]
    first, second = chat["apiSteps"]
    for step in (first, second):
        body = json.loads(step["requestDefinition"]["body"])
        filled = {key: "x" * 16 if key == "conversation" else text for key, text in body.items()}
        ChatRequest.model_validate_json(json.dumps(filled))
        assert body["conversation"] == "{{ CONVERSATION }}"
        [bound] = [assertion["target"] for assertion in step["assertions"] if assertion["type"] == "responseTime"]
        assert float(bound) == SLOW_CHAT.critical * 1000
        assert step["requestHeaders"][callers.FEATURE_HEADER] in FEATURE.values
        assert step["requestHeaders"][callers.HEADER] == "datadog-synthetics"
    assert [extracted_value["name"] for extracted_value in first["extractedValues"]] == ["MODEL"]
    assert json.loads(second["requestDefinition"]["body"])["model"] == "{{ MODEL }}"
    # A deployment runs it against its own revision by this variable.
    assert chat["configVariables"][0]["name"] == checks.ADDRESS
    assert first["requestDefinition"]["url"] == f"{{{{ {checks.ADDRESS} }}}}/v1/chat"


def test_the_operations_api_is_tested_with_a_secure_read_only_key(declared: Declared) -> None:
    variable = declared["synthetics-reader-token SyntheticsGlobalVariable"]
    assert variable["secure"] is True and variable["name"] == "LLM_API_LOCAL_READER_TOKEN"
    test = declared["synthetics-operations SyntheticsTest"]
    assert {config_variable["name"]: config_variable.get("id") for config_variable in test["configVariables"]} == {
        checks.ADDRESS: None, variable["name"]: "synthetics-reader-token-id",
    }  # fmt: skip
    routes = {(endpoint.method, f"/datadog{endpoint.path}") for endpoint in ENDPOINTS}
    steps = test["apiSteps"]
    for step in steps:
        request = step["requestDefinition"]
        assert (request["method"], request["url"].removeprefix(f"{{{{ {checks.ADDRESS} }}}}")) in routes
    keys = [step["requestHeaders"]["Authorization"] for step in steps]
    assert keys[0] == keys[2] == f"Bearer {{{{ {variable['name']} }}}}" != keys[1]
    assert [step["assertions"][0]["target"] for step in steps] == ["200", "401", "403"]


def test_the_browser_test_uses_elements_of_the_page(declared: Declared) -> None:
    page = declared["synthetics-page SyntheticsTest"]
    html = (RUNBOOKS.parents[1] / "service" / "static" / "theater" / "index.html").read_text()
    heading, *_ = page["browserSteps"]
    assert f"<h1>{heading['params']['value']}</h1>" in html
    for step in page["browserSteps"]:
        for kind, name in re.findall(r"([#.])([a-z]+)", step["params"]["elementUserLocator"]["value"]["value"]):
            assert f'{"id" if kind == "#" else "class"}="{name}"' in html, step["name"]
    assert page["optionsList"]["rumSettings"] == {"isEnabled": True, "applicationId": "rum-application-id"}


def test_synthetic_tests_block_deployments_and_paid_ones_run_every_15_minutes(declared: Declared) -> None:
    options = {test: declared[f"{test} SyntheticsTest"]["optionsList"] for test in TESTS}
    assert {option["ci"]["executionRule"] for option in options.values()} == {"blocking"}
    assert {test: option["tickEvery"] for test, option in options.items()} == {
        "synthetics-health": 60, "synthetics-chat": 900, "synthetics-page": 900,
        "synthetics-operations": 900,
    }  # fmt: skip
    assert all(option["retry"]["count"] >= 1 and option["minLocationFailed"] == 2 for option in options.values())


def test_routing_ends_with_a_rule_that_catches_all(declared: Declared) -> None:
    rules = declared["on-call-routing OnCallTeamRoutingRules"]["rules"]
    assert rules[-1] == {"escalationPolicy": "on-call-policy-id", "urgency": "high"}


def test_the_service_has_its_variables_and_secrets_by_reference(declared: Declared) -> None:
    template = declared["llm-api-service Service"]["template"]
    assert template["scaling"]["minInstanceCount"] == 2
    [container] = template["containers"]
    plain = {env["name"]: env["value"] for env in container["envs"] if "value" in env}
    secret = {env["name"] for env in container["envs"] if "valueSource" in env}
    assert secret == {"CONVERSATION_KEYS", "DD_API_KEY", "DD_APP_KEY", "OPERATOR_TOKEN", "READER_TOKEN"}
    assert plain.items() >= {"DD_SERVICE": "llm-api", "DD_ENV": "local", "MODEL_PRIMARY": "gemini-3.8-flash"}.items()
    assert plain["DD_VERSION"] == template["labels"]["version"] == container["image"].rpartition(":")[2][:12]
    assert not {"PORT", "K_SERVICE", "DD_TRACE_AGENT_URL"} & plain.keys()


def test_the_schedule_drains_the_outbox_as_an_operator_of_the_service(declared: Declared) -> None:
    target = declared["outbox-drain-job Job"]["httpTarget"]
    container = declared["llm-api-service Service"]["template"]["containers"][0]
    variables = {env["name"]: env.get("value") for env in container["envs"]}
    assert target["uri"].endswith("/datadog/writes/drain")
    assert ("POST", "/writes/drain") in {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert target["oidcToken"]["audience"] == variables["API_AUDIENCE"]
    assert target["oidcToken"]["serviceAccountEmail"] == variables["API_OPERATORS"]


SECRET_MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""Pulumi's mark of an object as a secret (sdk/python/lib/pulumi/runtime/rpc.py)."""


def holders(node: Any) -> list[dict[str, Any]]:
    """Return the objects that have the stand-in of a secret as a value of their own."""
    if isinstance(node, list):
        return [holder for item in node for holder in holders(item)]
    if not isinstance(node, dict):
        return []
    below = [holder for value in node.values() for holder in holders(value)]
    return [*below, node] if any("stand-in" in value for value in node.values() if isinstance(value, str)) else below


def test_no_secret_is_readable_in_what_is_registered(declared: Declared) -> None:
    secrets = holders(list(declared.values()))
    assert len(secrets) == 8
    for secret in secrets:
        assert secret.items() >= SECRET_MARK.items()


def test_the_workflows_step_calls_the_service(declared: Declared) -> None:
    spec = json.loads(declared["workflows-switch-model WorkflowAutomation"]["specJson"])
    [step] = spec["steps"]
    parameters = {parameter["name"]: parameter["value"] for parameter in step["parameters"]}
    assert parameters["verb"] == "POST" and parameters["url"] == "http://service.example/v1/control/model"
    assert parameters["body"]["model"] == "{{ Trigger.model }}"
