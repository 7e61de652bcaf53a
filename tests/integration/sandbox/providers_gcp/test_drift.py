"""A refresh reports each manual edit of each updatable property of each Google kind that the stack declares.

The cases are generated: kinds and inputs from what the program registers, properties from its inputs and from the
published SDK. An edit is a merge patch of the resource in the sandbox's Google Cloud.
"""

import ast
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pulumi_gcp
import pytest

from firedrill.provider.values import Secret
from firedrill.sandbox.google.cloud_run.traffic import REVISION
from firedrill.sandbox.providers.gcp.kind import GoogleKind
from tests.integration.sandbox.google.sandbox import SERVICE
from tests.integration.sandbox.providers_gcp.conftest import Engine
from tests.unit.datadog.edits import resolved, topmost, variants
from tests.unit.infra.conftest import record

Json = Any
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
EDITS, DEPLOYMENTS = 8, 2
"""Edits tried for each property; fewer for a service, where each is a deployment."""
BY_HAND = {"labels": {"edited": "by-hand"}, "annotations": {"edited": "by-hand"}, "tags": {"edited": "by-hand"}}
"""Values for properties that nobody declares; any text for the others."""
PROVIDERS_OWN = frozenset(
    {"checkIfServiceHasUsageOnDestroy", "createIgnoreAlreadyExists", "deletionPolicy", "deletionProtection",
     "disableDependentServices", "disableOnDestroy", "forceDestroy"}
)  # fmt: skip
"""Virtual fields: switches of the provider that Google does not have.

See each resource in https://registry.terraform.io/providers/hashicorp/google/latest/docs."""


class DeployedResource:
    """A resource of the stack in the sandbox's Google Cloud."""

    def __init__(self, engine: Engine, name: str, token: str, inputs: dict[str, Json]) -> None:
        self.engine, self.name, self.token = engine, name, token
        self.inputs, self.id, self.state = engine.create(token, inputs)
        self.refusals: list[str] = []
        kind = engine.table.kinds[token]
        assert isinstance(kind, GoogleKind)
        self.kind = kind
        if kind.secret_property in self.inputs:  # the engine marks it as secret
            self.inputs = {**self.inputs, kind.secret_property: Secret(self.inputs[kind.secret_property])}

    def properties(self) -> list[str]:
        """Return the names of the properties that can be updated."""
        fixed = (
            self.kind.replace_on
            | self.kind.write_only
            | PROVIDERS_OWN
            | {self.kind.secret_property, self.kind.location, "project"}
        )
        return sorted({*self.inputs, *sdk_inputs(self.token)} - fixed)

    def edits(self, name: str) -> Iterator[Json]:
        if name == "traffics":  # other edits would not add up to 100 %
            _, now = self.engine.read(self.token, self.id, self.inputs, self.state)
            revision = now["latestReadyRevision"].rpartition("/")[2]
            yield [{"type": REVISION, "revision": revision, "percent": 100}]
        elif name in self.inputs:
            yield from islice(variants(self.inputs[name]), DEPLOYMENTS if self.token == SERVICE else EDITS)
        else:
            yield BY_HAND.get(name, "edited by hand")

    def patch(self, name: str, value: Json) -> bool:
        """Patch a property, replacing lists and objects whole; return whether Google accepts it."""
        for part in (None, value) if isinstance(value, dict) else (value,):
            answer = self.engine.sandbox.resource("PATCH", self.token, self.id, {name: part})
            if answer.status_code >= 400 and part is not None:
                self.refusals.append(f"{answer.status_code} {answer.text}"[:2000])
                return False
        return True

    def drift(self) -> set[str]:
        """Return the properties that a refresh reports as changed."""
        return {topmost(path) for path in self.engine.drift(self.token, self.id, self.inputs, self.state)}


def sdk_inputs(token: str) -> set[str]:
    """Return the inputs of a kind, as the published SDK names them."""
    module, kind = token.removeprefix("gcp:").partition("/")[0], token.rpartition(":")[2]
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
    tree = ast.parse((Path(pulumi_gcp.__file__).parent / module / f"{file}.py").read_text())
    [arguments] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == f"{kind}Args"]
    [init] = [node for node in arguments.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    names = [kwonlyarg.arg for kwonlyarg in init.args.kwonlyargs]
    assert names, token
    return {re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name) for name in names}


@pytest.fixture(scope="module")
def deployed(engine: Engine) -> list[DeployedResource]:
    resources, ids = [], dict[str, str]()
    recorded = record()
    assert "error" not in recorded, recorded["error"]
    for request in recorded["requests"]:
        if not request["type"].startswith("gcp:"):
            continue
        inputs = resolved(request.get("object", {}), ids)
        if request["type"] == SERVICE:
            inputs["template"] = engine.sandbox.template(engine.sandbox.write_service())
        if request["type"] == VERSION:  # a key that the mocks do not generate
            inputs["secretData"] = inputs.get("secretData") or "a key"
        resource = DeployedResource(engine, request["name"], request["type"], inputs)
        ids[f"{request['name']}-id"] = resource.id
        resources.append(resource)
    return resources


def test_nothing_has_drifted_after_the_deployment(deployed: list[DeployedResource]) -> None:
    assert {resource.name: drift for resource in deployed if (drift := resource.drift())} == {}


def test_a_refresh_reports_each_edit(deployed: list[DeployedResource]) -> None:
    reported, missed, refused = set(), [], dict[tuple[str, str], list[str]]()
    for resource in deployed:
        for name in resource.properties():
            key = f"{resource.token.rpartition(':')[2]}.{name}"
            if (resource.token, name) in reported:
                continue
            refused[resource.token, name] = resource.refusals = []
            for value in resource.edits(name):
                if not resource.patch(name, value):
                    continue
                refused.pop((resource.token, name), None)
                drift = resource.drift()
                if name in drift:
                    reported.add((resource.token, name))
                else:
                    missed.append((key, resource.name, value, drift))
                assert resource.patch(name, resource.inputs.get(name, resource.kind.defaults.get(name))), (
                    resource.refusals
                )
            assert resource.drift() == set(), (resource.name, name)
    assert missed == []
    assert {key: reasons for key, reasons in refused.items() if key not in reported} == {}
    assert len(reported) > 100


def test_every_declared_kind_has_something_to_edit_or_is_replaced_by_any_change(
    deployed: list[DeployedResource],
) -> None:
    fixed = {resource.token.rpartition(":")[2] for resource in deployed if not resource.properties()}
    assert fixed <= {"IAMMember", "BucketIAMMember", "JobIamMember", "SecretIamMember", "ServiceIamMember",
                     "SecretVersion", "Key", "Service"}  # fmt: skip
