"""One object of each kind that the stack declares, edited by hand in the running sandbox, is named by one look."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.engine import stack
from firedrill.sandbox.providers.datadog import provider
from firedrill.sandbox.settings import API_KEY, APP_KEY
from infra.dynamic_datadog import Api
from tests.e2e.conftest import Sandbox, new_sandbox, output
from tests.sandbox.providers.edits import OF_OUR_OWN, SECRET_MARK, Edits, variants
from tests.sandbox.providers.test_drift import EXCEPTIONS, OTHERS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Json = dict[str, Any]
BY_HAND = {"description": "edited by hand"}
"""What a person leaves at a Google resource."""
FIXED = {"OnCallUserNotificationChannel", "LogsArchiveOrder", "LogsIndexOrder", "SensitiveDataScannerGroupOrder"}
"""A channel is made anew by any change; of the others the sandbox's account has one, which stands in no other order."""
NEVER = {"CostBudget"}
"""Kinds whose updates are of months that have gone by."""


def readable(node: Any) -> Any:
    """State without the engine's marks of secrets."""
    if isinstance(node, dict):
        return (
            json.loads(node["plaintext"]) if SECRET_MARK in node else {key: readable(one) for key, one in node.items()}
        )
    return [readable(one) for one in node] if isinstance(node, list) else node


def recorded(sandbox: Sandbox) -> Iterator[Json]:
    """The resources of both programs' states."""
    for folder in ("", stack.ORGANISATION):
        exported = sandbox.pulumi("stack", "export", "-s", "local", "--show-secrets", folder=folder)
        assert exported.returncode == 0, output(exported)
        yield from json.loads(exported.stdout)["deployment"]["resources"]


def changed(row: Json, sandbox: Sandbox) -> str | None:
    """Edit one property of an object through its API; the property, None where nothing can be edited in place."""
    kind, inputs = row["type"].rpartition(":")[2], readable(row.get("inputs") or {})
    if row["type"].startswith("gcp:"):
        url = f"http://localhost:{sandbox.settings.google_port}/-/resources/{row['type']}/{row['id']}"
        httpx.patch(url, json=BY_HAND, timeout=60).raise_for_status()
        return "description"
    if row["type"].startswith("pulumi-python:dynamic"):
        ours = OF_OUR_OWN[kind]()
        keys = {"datadog:apiKey": API_KEY, "datadog:appKey": APP_KEY, "datadog:apiUrl": sandbox.settings.datadog_url}
        ours._api = Api(keys.get)
        declared = {key: value for key, value in inputs.items() if not key.startswith("__")}
        name = "category" if kind == "Evaluator" else "name"
        ours.change(row["id"], {**declared, name: f"{declared[name]}x"})
        return name
    table = provider()
    table.configure({"apiUrl": sandbox.settings.datadog_url, "apiKey": API_KEY, "appKey": APP_KEY})
    edits = Edits(
        table, row["urn"].split("::")[-1], row["type"], (row["id"], inputs, readable(row.get("outputs") or {}))
    )
    for key, field in edits.fields():
        if key in EXCEPTIONS or (field.name not in inputs and key not in OTHERS):
            continue
        values = variants(inputs.get(field.name))
        if kind.endswith("Order"):
            values = iter([inputs[field.name][::-1]] if isinstance(inputs[field.name], list) else [])
        for edit in (*OTHERS.get(key, ()), *({field.name: value} for value in values)):
            if edits.leave(edit):
                return field.name
    return None


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of its own: some edits stay, since the published provider does not take away what is not declared."""
    made = new_sandbox(tmp_path / "home")
    first = made.firedrill("up")
    try:
        assert first.returncode == 0, output(first)
        yield made
    finally:
        made.firedrill("down")


@pytest.mark.timeout(1800)
def test_one_edit_of_each_kind_is_named_by_one_look(own: Sandbox) -> None:
    edited: dict[str, tuple[str, str]] = {}
    untouched = set()
    for row in recorded(own):
        custom = row["type"].startswith(("datadog:", "gcp:", "pulumi-python:dynamic"))
        if not custom or row["type"] in edited or row["type"].rpartition(":")[2] in NEVER:
            continue
        name = changed(row, own)
        if name is None:
            untouched.add(row["type"])
        else:
            edited[row["type"]] = row["urn"].split("::")[-1], name
    fixed = {kind.rpartition(":")[2] for kind in untouched - edited.keys()}
    assert fixed <= FIXED, fixed
    assert len(edited) > 60

    found = own.firedrill("drift", "--markdown")
    rows = re.findall(r"^\| \w+ (\S+) \| ([^|]*) \|", found.stdout, re.MULTILINE)
    named = {(resource, re.split(r"[.\[:]", path, maxsplit=1)[0]) for resource, path in rows}
    assert found.returncode == 3, output(found)
    assert sorted(set(edited.values()) - named) == []
