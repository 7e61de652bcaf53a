"""All cases through the real engine: one update with what passes, one with what fails, and the stack's settings."""

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

from firedrill.engine import environment
from firedrill.sandbox.settings import Settings
from policies.policy import POLICIES
from tests.conftest import ROOT
from tests.policies.cases import read, token
from tests.policies.provider import serve

pytestmark = pytest.mark.e2e

PROGRAM = """
import json, pathlib, pulumi
class Declared(pulumi.CustomResource):
    def __init__(self, token, name, properties):
        super().__init__(token, name, properties)
made = {}
for one in json.loads(pathlib.Path(__file__).with_name("resources.json").read_text()):
    properties = one["properties"]
    for name, sources in one["links"].items():
        value = properties[name]
        properties[name] = pulumi.Output.all(*(made[each].id for each in sources)).apply(lambda _, value=value: value)
    made[one["name"]] = Declared(one["token"], one["name"], properties)
"""
Violation = dict[str, Any]
Run = Callable[..., tuple[subprocess.CompletedProcess[str], list[Violation]]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs ``pulumi`` with the pack on given resources; returns its answer and what the policies reported."""
    server, port = serve()
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
        return answer, [one["policyEvent"] for one in events if "policyEvent" in one]

    try:
        assert pulumi("stack", "init", "local").returncode == 0
        yield ran
    finally:
        server.stop(grace=None)


def declared(policy: str, kind: str) -> list[dict[str, Any]]:
    """A case's resources, named apart from other cases'."""
    return [
        {
            "token": token(one["kind"]),
            "name": f"{policy}--{one['name']}",
            "properties": one["properties"],
            "links": {key: [f"{policy}--{name}" for name in sources] for key, sources in one.get("links", {}).items()},
        }
        for one in read(policy, kind).resources
    ]


def of_case(policy: str, events: list[Violation]) -> list[str]:
    """What a policy said about the resources of its own case."""
    return [
        event["message"]
        for event in events
        if event["policyName"] == policy and f"::{policy}--" in event.get("resourceUrn", "")
    ]


def test_every_case_through_the_engine(run: Run) -> None:
    told = {}
    for kind in ("passes", "fails"):
        resources = [one for policy in POLICIES for one in declared(policy, kind)]
        answer, events = run(resources, "up", "--yes", "--skip-preview", contract=True, runbooks="docs/runbooks")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        told[kind] = {policy: of_case(policy, events) for policy in POLICIES}
    assert {policy: messages for policy, messages in told["passes"].items() if messages} == {}
    missed = [
        policy
        for policy, messages in told["fails"].items()
        if not any(read(policy, "fails").expect in message for message in messages)
    ]
    assert missed == []


def test_the_stack_decides_whether_an_error_stops_it(run: Run) -> None:
    resources = declared("run-image-by-digest", "fails")
    answer, _ = run(resources, "preview", level="advisory")
    assert answer.returncode == 0
    answer, events = run(resources, "preview", level="mandatory")
    assert answer.returncode != 0
    assert "Name the image by digest" in answer.stdout
    assert {one["enforcementLevel"] for one in events} == {"mandatory"}


def test_a_warning_stops_nothing(run: Run) -> None:
    resources = declared("log-index-and-archive", "fails")
    resources[0]["properties"] |= {"filters": [{"query": "service:app"}]}
    answer, events = run(resources, "preview", level="mandatory")
    assert answer.returncode == 0, answer.stdout
    assert {one["policyName"] for one in events} == {"log-index-and-archive"}


def test_an_exemption_of_the_stack_needs_its_reason(run: Run) -> None:
    resources = declared("slo-has-an-alert", "fails")
    one = {"policy": "slo-has-an-alert", "resource": resources[0]["name"]}
    answer, events = run(resources, "preview", level="mandatory", exempt=[{**one, "because": "reviewed by hand"}])
    assert answer.returncode == 0 and events == [], answer.stdout
    answer, events = run(resources, "preview", level="mandatory", exempt=[one])
    assert answer.returncode != 0
    assert "add `because:`" in answer.stdout


def test_a_value_known_only_later_is_told_and_stops_nothing(run: Run) -> None:
    _, events = run(declared("slo-burn-rate-reachable", "fails"), "preview", level="mandatory")
    told = [one for one in events if one["policyName"] == "slo-burn-rate-reachable"]
    assert told, events
    assert {one["enforcementLevel"] for one in told} == {"advisory"}, told
    assert "not checked" in told[0]["message"]


def test_the_pack_alone_works_on_a_program_that_has_no_contract(run: Run, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "policies"
    shutil.copytree(ROOT / "policies", alone, ignore=shutil.ignore_patterns("__pycache__"))
    resources = [*declared("monitor-query-in-contract", "fails"), *declared("monitor-env-is-the-tags", "fails")]
    answer, events = run(resources, "preview", pack=alone)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert of_case("monitor-env-is-the-tags", events)
    assert not of_case("monitor-query-in-contract", events)
