"""The stack passes the policy pack, and real defects of other stacks are reported when they are planted in it."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import proxy

from policies.pack import exemption_problems, violations
from policies.policy import POLICIES, NotChecked, Resource, Settings, Stack
from tests.unit.infra.recorder import ROOT
from tests.unit.policies.cases import INPUTS, Inputs, as_written

Properties = dict[str, Any]
SECRET = "4dabf18193072939515e22adb298388d"
RUNBOOKS = "docs/runbooks"


def settings_of(stack: str) -> Settings:
    """Return the policy settings in Pulumi.STACK.yaml."""
    config = yaml.safe_load((Path(ROOT) / f"Pulumi.{stack}.yaml").read_text())["config"]
    return Settings(
        contract=config["policies:contract"] == "true",
        runbooks=config["policies:runbooks"],
        authentication=tuple(config["policies:authentication"]),
        exempt=tuple(config["policies:exempt"]),
    )


def plain(value: Any) -> Any:
    """Return a value without secret markers, and with numeric ids as Datadog has them."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET in value else {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    composite = isinstance(value, str) and re.fullmatch(r"[!( ]*[\w-]+-id(\)* (&&|\|\|) [!( ]*[\w-]+-id\)*)+", value)
    return re.sub(r"[\w-]+-id", "101", value) if composite else value


@dataclass
class Declared:
    """A resource of the recorded program, which a test may change: its inputs, and the sources of each input."""

    type: str
    properties: Properties
    sources: dict[str, list[str]]


Change = Callable[[dict[str, Declared]], None]


def stack_of(recorded: dict[str, Any], change: Change | None = None, inputs: Inputs = as_written) -> Stack:
    """Return the program's resources, optionally changed, as policies see them."""
    declared = {
        request["name"]: Declared(
            request["type"],
            plain(copy.deepcopy(request.get("object", {}))),
            {
                name: [urn.rpartition("::")[2] for urn in sources.get("urns", ())]
                for name, sources in request.get("propertyDependencies", {}).items()
            },
        )
        for request in recorded["requests"]
        if request.get("custom")  # a component may have the name of its resource
    }
    if change is not None:
        change(declared)
    links: dict[str, dict[str, list[Resource]]] = {name: {} for name in declared}
    by_name = {
        name: Resource(each.type, name, inputs(each.type, each.properties), name, links[name])
        for name, each in declared.items()
    }
    for name, each in declared.items():
        for key, sources in each.sources.items():
            links[name][key] = [
                by_name[source] for source in sources if source in by_name
            ]  # not what another stack has
    return Stack(list(by_name.values()), settings_of("local"))


def messages_by_policy(stack: Stack) -> dict[str, list[str]]:
    """Return the messages of all policies that the stack violates."""
    messages = {name: [text for _, text in violations(rule, stack.resources, stack)] for name, rule in POLICIES.items()}
    return {name: texts for name, texts in messages.items() if texts}


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_stack_passes_the_whole_pack(local: dict[str, Any], inputs: Inputs) -> None:
    assert messages_by_policy(stack_of(local, inputs=inputs)) == {}


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_organisations_stack_passes_the_whole_pack(organisation: dict[str, Any], inputs: Inputs) -> None:
    assert messages_by_policy(stack_of(organisation, inputs=inputs)) == {}


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_exemption_has_a_reason_and_is_needed(local: dict[str, Any], stack: str) -> None:
    chosen = settings_of(stack)
    subject = stack_of(local)
    assert list(exemption_problems(chosen, (resource.name for resource in subject.resources))) == []
    without = messages_by_policy(Stack(subject.resources, Settings(contract=True, runbooks=RUNBOOKS)))
    # The recorded program is that of the sandbox, whose callers need no token.
    of_the_sandbox = {"iam-public-only-with-authentication"} if stack != "local" else set()
    assert set(without) - of_the_sandbox == {exemption["policy"] for exemption in chosen.exempt}


def edits(name: str, **changed: Callable[[Any], Any]) -> Change:
    """Return a change of a resource's properties by functions of their values."""

    def change(by_name: dict[str, Declared]) -> None:
        properties = by_name[name].properties
        for key, function in changed.items():
            after = function(properties.get(key))
            assert after != properties.get(key), f"{name}.{key} is unchanged"
            properties[key] = after

    return change


def swap(before: str, after: str) -> Callable[[Any], Any]:
    """Return a function that replaces a part of a text."""
    return lambda value: value.replace(before, after)


def with_variable(dashboard: str) -> str:
    return json.dumps(json.loads(dashboard) | {"template_variables": [{"name": "env", "prefix": "env"}]})


def plain_key(template: Properties) -> Properties:
    changed = copy.deepcopy(template)
    for env in changed["containers"][0]["envs"]:
        if env["name"] == "DD_API_KEY":
            env.pop("valueSource")
            env["value"] = "0" * 8
    return changed


def copied_ids(by_name: dict[str, Declared]) -> None:
    by_name["throttling-reaches-users"].sources["query"] = []


def without_retry(options: Properties) -> Properties:
    return {key: value for key, value in options.items() if key != "retry"}


DEFECTS: dict[str, tuple[str, Change]] = {
    "grug: a monitor on a retired metric": (
        "monitor-query-in-contract",
        edits("chat-slow", query=swap("llm.chat.latency", "llm.latency")),
    ),
    "grug: the query's env is not the service's": (
        "monitor-env-is-the-tags",
        edits("requests-fail", query=swap("env:local", "env:production")),
    ),
    "GSA 51: a throttle monitor searches for what is never logged": (
        "monitor-query-in-contract",
        edits("gemini-throttled", query=swap("@outcome:throttled", "@outcome:rate_limited")),
    ),
    "GSA 33: a retune reaches one place of several": (
        "monitor-critical-is-the-querys-number",
        edits("cost-runs-away", query=swap("> 20", "> 30")),
    ),
    "GSA 49: an alert for each pod": (
        "monitor-groups-bounded",
        edits("chat-slow", query=swap("by {model}", "by {model,pod_name}")),
    ),
    "GSA RETRO: a template variable in no query": (
        "dashboard-variables-used",
        edits("dashboards-overview", dashboard=with_variable),
    ),
    "hawk 518: the silence of a sparse count pages": (
        "monitor-silence-of-a-count",
        edits("requests-fail", onMissingData=lambda _: "show_and_notify_no_data"),
    ),
    "hawk 1316: ids copied between stacks": ("monitor-has-no-raw-ids", copied_ids),
    "lattice: a P95 monitor that averages": (
        "monitor-text-is-measured",
        edits("chat-slow", query=swap("avg(last_10m):p95:", "avg(last_10m):avg:")),
    ),
    "mitodl: a variable that nothing fills": (
        "monitor-message-variables",
        edits("chat-slow", message=swap("{{model.name}}", "{{instance.name}}")),
    ),
    "mitodl: a severity without consequence": (
        "monitor-pages-only-when-meant",
        edits("availability-fast-burn", message=swap("@oncall-llm-platform", "@llm-platform")),
    ),
    "kennel: a mention of nobody": (
        "monitor-handles-exist",
        edits("chat-slow", message=swap("@llm-platform", "@llm-plattform")),
    ),
    "llm-incident-commander: a limit that is a query": (
        "monitor-query-readable",
        edits("cost-runs-away", query=swap("> 20", "> avg(last_1h):sum:llm.chat.cost{*} * 1.5")),
    ),
    "Datadog's Cloud Run module: the API key as a plain value": (
        "run-secrets-by-reference",
        edits("llm-api-service", template=plain_key),
    ),
    "one lost packet pages": ("synthetics-retry", edits("synthetics-health", optionsList=without_retry)),
}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_real_defect_is_reported(local: dict[str, Any], defect: str, inputs: Inputs) -> None:
    policy, plant = DEFECTS[defect]
    assert policy in messages_by_policy(stack_of(local, plant, inputs))


def test_a_monitor_in_json_is_a_monitor_for_every_policy() -> None:
    options = {"thresholds": {"critical": 5, "critical_recovery": 9}, "notify_by": ["host"], "timeout_h": 48}
    text = json.dumps({"type": "query alert", "query": "avg(last_5m):avg:a{*} > 4", "message": "", "options": options})
    declared = Resource("datadog:index/monitorJson:MonitorJson", "m", {"monitor": text})
    assert declared.kind == "datadog:Monitor"
    found = {name for name in POLICIES if list(violations(POLICIES[name], [declared], Stack([declared])))}
    expected = {"monitor-critical-is-the-querys-number", "monitor-recovery-side", "monitor-accepted", "monitor-runbook"}
    assert expected <= found


def test_a_monitor_in_json_that_is_not_known_yet_is_not_checked() -> None:
    properties = proxy.unknown_checking_proxy({"monitor": proxy.UNKNOWN_STRING_VALUE})
    declared = Resource("datadog:index/monitorJson:MonitorJson", "m", properties)
    with pytest.raises(NotChecked, match="m: "):
        list(violations(POLICIES["monitor-runbook"], [declared], Stack([declared])))
