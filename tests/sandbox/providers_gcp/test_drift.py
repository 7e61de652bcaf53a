"""Each updatable property of each Google kind that the stack declares, edited by hand, is named by a refresh.

Generated: the kinds and inputs are those that the program registers, the properties those that it declares and those
that the published SDK knows beside them. An edit is a merge patch of what the sandbox's Google Cloud keeps.
"""

import ast
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pulumi_gcp
import pytest

from firedrill.sandbox.google.cloud_run_traffic import REVISION
from firedrill.sandbox.providers.gcp.kind import Kind
from firedrill.sandbox.providers.values import Secret
from tests.infra.conftest import record
from tests.sandbox.google.sandbox import SERVICE
from tests.sandbox.providers.edits import resolved, topmost, variants
from tests.sandbox.providers_gcp.conftest import Engine

Json = Any
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
EDITS, DEPLOYMENTS = 8, 2
"""Edits of one property that are tried; of a service each is a deployment."""
BY_HAND = {"labels": {"edited": "by-hand"}, "annotations": {"edited": "by-hand"}, "tags": {"edited": "by-hand"}}
"""Values for properties that nobody declares; any text for the others."""
PROVIDERS_OWN = frozenset(
    {"checkIfServiceHasUsageOnDestroy", "createIgnoreAlreadyExists", "deletionPolicy", "deletionProtection",
     "disableDependentServices", "disableOnDestroy", "forceDestroy"}
)  # fmt: skip
"""The provider's own switches, which Google does not know: virtual fields.
https://registry.terraform.io/providers/hashicorp/google/latest/docs says so of each."""


class Made:
    """A resource of the stack in the sandbox's Google Cloud."""

    def __init__(self, engine: Engine, name: str, token: str, inputs: dict[str, Json]) -> None:
        self.engine, self.name, self.token = engine, name, token
        self.inputs, self.id, self.state = engine.create(token, inputs)
        self.refusals: list[str] = []
        kind = engine.table.kinds[token]
        assert isinstance(kind, Kind)
        self.kind = kind
        if kind.secret in self.inputs:  # as the engine marks it
            self.inputs = {**self.inputs, kind.secret: Secret(self.inputs[kind.secret])}

    def properties(self) -> list[str]:
        """What can be updated."""
        fixed = (
            self.kind.replace_on | self.kind.write_only | PROVIDERS_OWN | {self.kind.secret, self.kind.place, "project"}
        )
        return sorted({*self.inputs, *known_to_the_sdk(self.token)} - fixed)

    def edits(self, name: str) -> Iterator[Json]:
        if name == "traffics":  # any other change of one number or word is no traffic that adds to 100
            _, now = self.engine.read(self.token, self.id, self.inputs, self.state)
            revision = now["latestReadyRevision"].rpartition("/")[2]
            yield [{"type": REVISION, "revision": revision, "percent": 100}]
        elif name in self.inputs:
            yield from islice(variants(self.inputs[name]), DEPLOYMENTS if self.token == SERVICE else EDITS)
        else:
            yield BY_HAND.get(name, "edited by hand")

    def patch(self, name: str, value: Json) -> bool:
        """Whether Google takes it; a list or object is put in the old one's place."""
        for part in (None, value) if isinstance(value, dict) else (value,):
            answer = self.engine.sandbox.resource("PATCH", self.token, self.id, {name: part})
            if answer.status_code >= 400 and part is not None:
                self.refusals.append(f"{answer.status_code} {answer.text}"[:2000])
                return False
        return True

    def drift(self) -> set[str]:
        """The properties that a refresh names."""
        return {topmost(one) for one in self.engine.drift(self.token, self.id, self.inputs, self.state)}


def known_to_the_sdk(token: str) -> set[str]:
    """The inputs of a kind, as the published SDK names them."""
    module, kind = token.removeprefix("gcp:").partition("/")[0], token.rpartition(":")[2]
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
    tree = ast.parse((Path(pulumi_gcp.__file__).parent / module / f"{file}.py").read_text())
    [arguments] = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == f"{kind}Args"]
    [init] = [one for one in arguments.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    names = [one.arg for one in init.args.kwonlyargs]
    assert names, token
    return {re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), name) for name in names}


@pytest.fixture(scope="module")
def made(engine: Engine) -> list[Made]:
    found, ids = [], dict[str, str]()
    recorded = record()
    assert "error" not in recorded, recorded["error"]
    for request in recorded["requests"]:
        if not request["type"].startswith("gcp:"):
            continue
        inputs = resolved(request.get("object", {}), ids)
        if request["type"] == SERVICE:
            inputs["template"] = engine.sandbox.template(engine.sandbox.write_service())
        if request["type"] == VERSION:  # of a key that the mocks do not make up
            inputs["secretData"] = inputs.get("secretData") or "a key"
        one = Made(engine, request["name"], request["type"], inputs)
        ids[f"{request['name']}-id"] = one.id
        found.append(one)
    return found


def test_nothing_has_drifted_after_the_deployment(made: list[Made]) -> None:
    assert {one.name: found for one in made if (found := one.drift())} == {}


def test_each_edit_is_named(made: list[Made]) -> None:
    named, silent, untouched = set(), [], dict[tuple[str, str], list[str]]()
    for one in made:
        for name in one.properties():
            key = f"{one.token.rpartition(':')[2]}.{name}"
            if (one.token, name) in named:
                continue
            untouched[one.token, name] = one.refusals = []
            for value in one.edits(name):
                if not one.patch(name, value):
                    continue
                untouched.pop((one.token, name), None)
                found = one.drift()
                if name in found:
                    named.add((one.token, name))
                else:
                    silent.append((key, one.name, value, found))
                assert one.patch(name, one.inputs.get(name, one.kind.defaults.get(name))), one.refusals
            assert one.drift() == set(), (one.name, name)
    assert silent == []
    assert {key: why for key, why in untouched.items() if key not in named} == {}
    assert len(named) > 100


def test_every_declared_kind_has_something_to_edit_or_is_replaced_by_any_change(made: list[Made]) -> None:
    fixed = {one.token.rpartition(":")[2] for one in made if not one.properties()}
    assert fixed <= {"IAMMember", "BucketIAMMember", "JobIamMember", "QueueIamMember", "RepositoryIamMember",
                     "SecretIamMember", "ServiceIamMember", "SecretVersion", "Key", "Service"}  # fmt: skip
