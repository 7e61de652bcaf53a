"""One `firedrill drift` reports an object of every declared kind that was edited by hand."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import provider
from firedrill.engine import stack
from firedrill.settings import API_KEY, APP_KEY
from infra.observability.dynamic.api import Api
from tests.e2e.conftest import Sandbox, new_sandbox, output
from tests.unit.datadog.edits import DYNAMIC_PROVIDERS, SECRET_MARK, Edits, variants
from tests.unit.datadog.test_drift import EXCEPTIONS, OTHER_VALUES

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

Json = dict[str, Any]
BY_HAND = {"description": "edited by hand"}
"""An edit of a Google resource by hand."""
FIXED = {"OnCallUserNotificationChannel", "LogsArchiveOrder", "LogsIndexOrder", "SensitiveDataScannerGroupOrder"}
"""Any change replaces a channel. Of each order's objects the sandbox's account has only one."""
NEVER = {"CostBudget"}
"""Kinds of which only past months could be updated."""


def readable(node: Any) -> Any:
    """Return a part of the state with its secrets in plain text."""
    if isinstance(node, dict):
        return (
            json.loads(node["plaintext"])
            if SECRET_MARK in node
            else {key: readable(item) for key, item in node.items()}
        )
    return [readable(item) for item in node] if isinstance(node, list) else node


def recorded(sandbox: Sandbox) -> Iterator[Json]:
    """Yield the resources of both programs' states."""
    for folder in ("", stack.ORGANISATION):
        exported = sandbox.pulumi("stack", "export", "-s", "local", "--show-secrets", folder=folder)
        assert exported.returncode == 0, output(exported)
        yield from json.loads(exported.stdout)["deployment"]["resources"]


def edit_object(row: Json, sandbox: Sandbox) -> str | None:
    """Edit one property of an object through its API and return its name; None if nothing can be edited in place."""
    kind, inputs = row["type"].rpartition(":")[2], readable(row.get("inputs") or {})
    if row["type"].startswith("gcp:"):
        url = f"http://localhost:{sandbox.settings.google_port}/-/resources/{row['type']}/{row['id']}"
        httpx.patch(url, json=BY_HAND, timeout=60).raise_for_status()
        return "description"
    if row["type"].startswith("pulumi-python:dynamic"):
        ours = DYNAMIC_PROVIDERS[kind]()
        keys = {"datadog:apiKey": API_KEY, "datadog:appKey": APP_KEY, "datadog:apiUrl": sandbox.settings.datadog_url}
        ours._api = Api(keys.get)
        declared = {key: value for key, value in inputs.items() if not key.startswith("__")}
        name = "category" if kind == "Evaluator" else "name"
        ours.update_object(row["id"], {**declared, name: f"{declared[name]}x"})
        return name
    table = provider(DatadogClient(sandbox.settings.datadog_url, API_KEY, APP_KEY))
    edits = Edits(
        table, row["urn"].split("::")[-1], row["type"], (row["id"], inputs, readable(row.get("outputs") or {}))
    )
    for key, field in edits.updatable():
        if key in EXCEPTIONS or (field.name not in inputs and key not in OTHER_VALUES):
            continue
        values = variants(inputs.get(field.name))
        if kind.endswith("Order"):
            values = iter([inputs[field.name][::-1]] if isinstance(inputs[field.name], list) else [])
        for edit in (*OTHER_VALUES.get(key, ()), *({field.name: value} for value in values)):
            if edits.make_lasting_edit(edit):
                return field.name
    return None


def edit_every_kind(sandbox: Sandbox) -> set[tuple[str, str]]:
    """Edit an object of each kind through its API; return the names of the resources and of the edited properties."""
    edited: dict[str, tuple[str, str]] = {}
    untouched = set()
    for row in recorded(sandbox):
        custom = row["type"].startswith(("datadog:", "gcp:", "pulumi-python:dynamic"))
        if not custom or row["type"] in edited or row["type"].rpartition(":")[2] in NEVER:
            continue
        name = edit_object(row, sandbox)
        if name is None:
            untouched.add(row["type"])
        else:
            edited[row["type"]] = row["urn"].split("::")[-1], name
    fixed = {kind.rpartition(":")[2] for kind in untouched - edited.keys()}
    assert fixed <= FIXED, fixed
    assert len(edited) > 60
    return set(edited.values())


def reported_drift(report: str) -> set[tuple[str, str]]:
    """Return the names of the resources and of the properties in a drift report's table."""
    rows = re.findall(r"^\| \w+ (\S+) \| ([^|]*) \|", report, re.MULTILINE)
    return {(resource, re.split(r"[.\[:]", path, maxsplit=1)[0]) for resource, path in rows}


@pytest.fixture
def isolated(tmp_path: Path) -> Iterator[Sandbox]:
    """Provide a sandbox for this module: some edits stay, since the provider removes only declared properties."""
    new = new_sandbox(tmp_path / "home")
    first = new.firedrill("up")
    try:
        assert first.returncode == 0, output(first)
        yield new
    finally:
        new.firedrill("down")


@pytest.mark.timeout(1800)
def test_drift_reports_an_edit_of_each_kind(isolated: Sandbox) -> None:
    edited = edit_every_kind(isolated)
    result = isolated.firedrill("drift", "--markdown")
    assert result.returncode == 3, output(result)
    assert sorted(edited - reported_drift(result.stdout)) == []
