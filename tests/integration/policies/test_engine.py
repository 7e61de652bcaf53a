"""All cases through the real engine: an update with all passing cases, one with all failing ones, and settings."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import policies.pack  # noqa: F401  # registers all policies
from firedrill.engine import environment
from firedrill.settings import Settings
from policies.policy import POLICIES
from tests.conftest import ROOT
from tests.integration.policies.provider import serve, unchanged
from tests.unit.policies import check_defaults
from tests.unit.policies.cases import read_case, token

pytestmark = pytest.mark.e2e

PROGRAM = """
import json, pathlib, pulumi
class Declared(pulumi.CustomResource):
    def __init__(self, token, name, properties):
        super().__init__(token, name, properties)
created = {}
for resource in json.loads(pathlib.Path(__file__).with_name("resources.json").read_text()):
    properties = resource["properties"]
    for name, sources in resource["links"].items():
        value = properties[name]
        ids = pulumi.Output.all(*(created[source].id for source in sources))
        properties[name] = ids.apply(lambda _, value=value: value)
    created[resource["name"]] = Declared(resource["token"], resource["name"], properties)
"""
Violation = dict[str, Any]
Run = Callable[..., tuple[subprocess.CompletedProcess[str], list[Violation]]]


@pytest.fixture
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Provide a function that runs ``pulumi`` with the pack on resources and returns its result and the violations.

    The parameter, if a test has one, is the provider's Check.
    """
    server, port = serve(getattr(request, "param", unchanged))
    settings = Settings(tmp_path, tmp_path / "home")
    environment.prepare(settings)
    variables = environment.variables(settings) | {"PULUMI_DEBUG_PROVIDERS": f"datadog:{port},gcp:{port}"}
    variables["PULUMI_DEBUG_COMMANDS"] = "true"  # without it there is no --event-log
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: cases\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {Path(sys.prefix)}}}\n"
    )
    (tmp_path / "__main__.py").write_text(PROGRAM)

    def pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=tmp_path,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def ran(
        resources: list[dict[str, Any]], *command: str, pack: Path = ROOT / "policies", **config: Any
    ) -> tuple[subprocess.CompletedProcess[str], list[Violation]]:
        log = tmp_path / "events.json"
        log.unlink(missing_ok=True)
        (tmp_path / "resources.json").write_text(json.dumps(resources))
        settings = {f"policies:{key}": value for key, value in config.items()}
        stored = yaml.safe_load((tmp_path / "Pulumi.local.yaml").read_text())
        (tmp_path / "Pulumi.local.yaml").write_text(yaml.safe_dump({**stored, "config": settings}))
        answer = pulumi(*command, "-s", "local", "--policy-pack", str(pack), "--event-log", str(log))
        assert log.exists(), answer.stdout + answer.stderr
        events = [json.loads(line) for line in log.read_text().splitlines()]
        return answer, [event["policyEvent"] for event in events if "policyEvent" in event]

    try:
        assert pulumi("stack", "init", "local").returncode == 0
        yield ran
    finally:
        server.stop(grace=None)


def declared(policy: str, kind: str) -> list[dict[str, Any]]:
    """Return a case's resources, with the policy in their names."""
    return [
        {
            "token": token(resource["kind"]),
            "name": f"{policy}--{resource['name']}",
            "properties": resource["properties"],
            "links": {
                key: [f"{policy}--{name}" for name in sources] for key, sources in resource.get("links", {}).items()
            },
        }
        for resource in read_case(policy, kind).resources
    ]


def messages_of_case(policy: str, events: list[Violation]) -> list[str]:
    """Return a policy's messages on the resources of its own case."""
    return [
        event["message"]
        for event in events
        if event["policyName"] == policy and f"::{policy}--" in event.get("resourceUrn", "")
    ]


@pytest.mark.parametrize("run", [unchanged, check_defaults.check], ids=["plain", "published"], indirect=True)
def test_every_case_through_the_engine(run: Run) -> None:
    messages_of_kind = {}
    for kind in ("passes", "fails"):
        resources = [resource for policy in POLICIES for resource in declared(policy, kind)]
        answer, events = run(resources, "up", "--yes", "--skip-preview", contract=True, runbooks="docs/runbooks")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        messages_of_kind[kind] = {policy: messages_of_case(policy, events) for policy in POLICIES}
    assert {policy: messages for policy, messages in messages_of_kind["passes"].items() if messages} == {}
    missed = [
        policy
        for policy, messages in messages_of_kind["fails"].items()
        if not any(read_case(policy, "fails").expect in message for message in messages)
    ]
    assert missed == []


def test_the_stack_decides_whether_an_error_stops_it(run: Run) -> None:
    resources = declared("run-image-by-digest", "fails")
    answer, _ = run(resources, "preview", level="advisory")
    assert answer.returncode == 0
    answer, events = run(resources, "preview", level="mandatory")
    assert answer.returncode != 0
    assert "Reference the image by digest" in answer.stdout
    assert {event["enforcementLevel"] for event in events} == {"mandatory"}


def test_a_warning_stops_nothing(run: Run) -> None:
    resources = declared("log-index-and-archive", "fails")
    resources[0]["properties"] |= {"filters": [{"query": "service:app"}]}
    answer, events = run(resources, "preview", level="mandatory")
    assert answer.returncode == 0, answer.stdout
    assert {event["policyName"] for event in events} == {"log-index-and-archive"}


def test_an_exemption_of_the_stack_needs_its_reason(run: Run) -> None:
    resources = declared("slo-has-an-alert", "fails")
    exemption = {"policy": "slo-has-an-alert", "resource": resources[0]["name"]}
    answer, events = run(resources, "preview", level="mandatory", exempt=[{**exemption, "because": "reviewed by hand"}])
    assert answer.returncode == 0 and events == [], answer.stdout
    answer, events = run(resources, "preview", level="mandatory", exempt=[exemption])
    assert answer.returncode != 0
    assert "Add `because:`" in answer.stdout


def test_an_unknown_value_is_reported_and_stops_nothing(run: Run) -> None:
    _, events = run(declared("slo-burn-rate-reachable", "fails"), "preview", level="mandatory")
    reported = [event for event in events if event["policyName"] == "known-after-the-update"]
    assert len(reported) == 1, events
    assert "slo-burn-rate-reachable" in reported[0]["message"]
    assert {event["enforcementLevel"] for event in reported} == {"advisory"}, reported
    assert "not checked" in reported[0]["message"]


def test_the_pack_alone_works_on_a_program_that_has_no_contract(run: Run, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "policies"
    shutil.copytree(ROOT / "policies", alone, ignore=shutil.ignore_patterns("__pycache__"))
    resources = [*declared("monitor-query-in-contract", "fails"), *declared("monitor-env-is-the-tags", "fails")]
    answer, events = run(resources, "preview", pack=alone)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert messages_of_case("monitor-env-is-the-tags", events)
    assert not messages_of_case("monitor-query-in-contract", events)
