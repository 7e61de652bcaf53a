"""The stack passes the pack, and defects that others' stacks really had are found when they are planted in it."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.pack import exemption_problems, violations
from policies.policy import POLICIES, Resource, Settings, Stack
from tests.infra.recorder import ROOT

Properties = dict[str, Any]
SECRET = "4dabf18193072939515e22adb298388d"
RUNBOOKS = "docs/runbooks"


def settings_of(stack: str) -> Settings:
    """What Pulumi.STACK.yaml says about policies."""
    config = yaml.safe_load((Path(ROOT) / f"Pulumi.{stack}.yaml").read_text())["config"]
    return Settings(
        contract=config["policies:contract"] == "true",
        runbooks=config["policies:runbooks"],
        authentication=tuple(config["policies:authentication"]),
        exempt=tuple(config["policies:exempt"]),
    )


def plain(value: Any) -> Any:
    """Without the marks of secrets; ids are numbers, as Datadog's are."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET in value else {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    composite = isinstance(value, str) and re.fullmatch(r"[\w-]+-id( && [\w-]+-id)+", value)
    return re.sub(r"[\w-]+-id", "101", value) if composite else value


def stack_of(recorded: dict[str, Any], change: Callable[[dict[str, Resource]], None] | None = None) -> Stack:
    """The program's resources, after a change to some of them."""
    requests = copy.deepcopy(recorded["requests"])
    links: dict[str, dict[str, list[Resource]]] = {one["name"]: {} for one in requests}
    made = {
        one["name"]: Resource(one["type"], one["name"], plain(one.get("object", {})), one["name"], links[one["name"]])
        for one in requests
    }
    for one in requests:
        for name, sources in one.get("propertyDependencies", {}).items():
            names = [urn.rpartition("::")[2] for urn in sources.get("urns", ())]
            links[one["name"]][name] = [made[each] for each in names]
    if change is not None:
        change(made)
    return Stack(list(made.values()), settings_of("local"))


def found(stack: Stack) -> dict[str, list[str]]:
    """Messages by policy."""
    told = {name: [text for _, text in violations(rule, stack.resources, stack)] for name, rule in POLICIES.items()}
    return {name: messages for name, messages in told.items() if messages}


def test_the_stack_passes_the_whole_pack(local: dict[str, Any]) -> None:
    assert found(stack_of(local)) == {}


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_exemption_has_a_reason_and_is_needed(local: dict[str, Any], stack: str) -> None:
    chosen = settings_of(stack)
    subject = stack_of(local)
    assert list(exemption_problems(chosen, (one.name for one in subject.resources))) == []
    without = found(Stack(subject.resources, Settings(contract=True, runbooks=RUNBOOKS)))
    # The recorded program is the sandbox's, whose callers need no token.
    of_the_sandbox = {"iam-public-only-with-authentication"} if stack != "local" else set()
    assert set(without) - of_the_sandbox == {one["policy"] for one in chosen.exempt}


def edits(name: str, **changed: Callable[[Any], Any]) -> Callable[[dict[str, Resource]], None]:
    """Changes properties of a resource by functions of their values."""

    def change(made: dict[str, Resource]) -> None:
        properties = made[name].properties
        assert isinstance(properties, dict)
        for key, function in changed.items():
            after = function(properties.get(key))
            assert after != properties.get(key), f"{name}.{key} is what it was"
            properties[key] = after

    return change


def swap(before: str, after: str) -> Callable[[Any], Any]:
    """Text with a part replaced."""
    return lambda value: value.replace(before, after)


def with_variable(dashboard: str) -> str:
    return json.dumps(json.loads(dashboard) | {"template_variables": [{"name": "env", "prefix": "env"}]})


def plain_key(template: Properties) -> Properties:
    changed = copy.deepcopy(template)
    for one in changed["containers"][0]["envs"]:
        if one["name"] == "DD_API_KEY":
            one.pop("valueSource")
            one["value"] = "0" * 8
    return changed


def copied_ids(made: dict[str, Resource]) -> None:
    links = made["throttling-reaches-users"].links
    assert isinstance(links, dict)
    links["query"] = []


def without_retry(options: Properties) -> Properties:
    return {key: value for key, value in options.items() if key != "retry"}


DEFECTS: dict[str, tuple[str, Callable[[dict[str, Resource]], None]]] = {
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


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_real_defect_is_found_when_it_is_planted(local: dict[str, Any], defect: str) -> None:
    policy, plant = DEFECTS[defect]
    assert policy in found(stack_of(local, plant))
