"""The doctor's judgement: what did not answer is not known, what refused is wrong, and each product has its key."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from firedrill.datadog.client import DatadogClient
from firedrill.delivery import doctor
from firedrill.delivery.target import Target
from firedrill.engine.products_off import product_of
from firedrill.google import GoogleClient
from infra.products import PLANS
from tests.conftest import ROOT, free_ports


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Target:
    """Return a stack of real accounts on a machine that reaches neither of them."""
    kinds = [*doctor.PROBES, "onCallSchedule"]
    declared: list[dict[str, Any]] = [{"type": f"datadog:index/{kind}:Kind", "inputs": {}} for kind in kinds]
    monkeypatch.setattr(doctor, "registered", lambda *_: declared)
    closed = f"http://127.0.0.1:{free_ports(1)}"
    target = Target("dev", ROOT, None, None)  # type: ignore[arg-type]  # no command of Pulumi is needed
    target.__dict__["project"] = "llm-api"
    target.__dict__["configuration"] = {
        "llm-api:datadogSite": "datadoghq.eu",
        "datadog:apiUrl": "https://api.datadoghq.eu/",
        "gcp:project": "acme-dev",
    }
    target.__dict__["datadog"] = DatadogClient(closed, "key", "key", wait=lambda _: None)
    target.__dict__["google"] = GoogleClient(base=closed)
    return target


def shown(items: list[doctor.CheckedItem], target: Target) -> str:
    console = Console(file=io.StringIO(), width=200)
    doctor.print_items(items, target, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return str(text)


def test_without_a_network_nothing_is_wrong_and_no_product_is_turned_off(offline: Target) -> None:
    items = doctor.examine(offline)
    assert [(item.name, item.state) for item in items] == [
        ("Datadog site", "ok"),
        ("Datadog", "unknown"),
        ("Google Cloud", "unknown"),
    ]
    text = shown(items, offline)
    assert "3 checks, 2 not known." in text
    assert "productsOff" not in text
    assert doctor.exit_code(items) == 3


def test_missing_keys_are_wrong(offline: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    del offline.__dict__["datadog"]
    monkeypatch.delenv("DD_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    items = doctor.examine(offline)
    [keys] = [item for item in items if item.name == "Datadog"]
    assert keys.state == "wrong" and "pulumi config set --secret datadog:apiKey" in keys.message
    assert doctor.exit_code(items) == 1


@pytest.mark.parametrize("kind", [kind for kind in doctor.PROBES if kind != "team"])
def test_each_product_that_is_asked_for_has_its_key(kind: str) -> None:
    _, path = doctor.PROBES[kind]
    assert product_of(path) in PLANS
