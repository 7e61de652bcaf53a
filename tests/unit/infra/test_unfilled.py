"""Each CHANGE-ME of each stack's file is refused with its key, by the programs of environments and organisation."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.unfilled import PLACEHOLDER, unfilled
from tests.conftest import ROOT
from tests.unit.infra.conftest import record
from tests.unit.infra.recorder import configuration, filled_in

FILES = [*ROOT.glob("Pulumi.*.yaml"), *(ROOT / "infra" / "org").glob("Pulumi.*.yaml"), *ROOT.glob("presets/*.yaml")]
COMMENTED = re.compile(r"^( *)# (llm-api:\w+: [{\"[].*)$", re.MULTILINE)
"""A setting that its owner may switch on by removing the number sign."""


def placeholders() -> Iterator[tuple[Path, str, str]]:
    """Yield file, key and the whole configuration of each line with a placeholder, the commented ones switched on."""
    for file in FILES:
        text = COMMENTED.sub(r"\1\2", file.read_text())
        stored = yaml.safe_load(text)
        for key, value in (stored.get("config") or stored).items():
            if PLACEHOLDER in str(value):
                yield file, key, json.dumps(value) if isinstance(value, dict | list) else str(value)


CASES = list(placeholders())


@pytest.mark.parametrize(("file", "key", "value"), CASES, ids=[f"{file.name}-{key}" for file, key, _ in CASES])
def test_each_placeholder_is_named_by_its_key(file: Path, key: str, value: str) -> None:
    other = {"llm-api:env": "dev", "policies:exempt": "[]", "llm-api:onCall": '{"timeZone": "Europe/Berlin"}'}
    found = unfilled(other | {key: value})
    assert found
    assert {re.split(r"[.\[]", path)[0] for path in found} == {key}


def test_every_placeholder_of_the_files_is_a_case() -> None:
    lines = [line for file in FILES for line in file.read_text().splitlines() if PLACEHOLDER in line]
    settings = [line for line in lines if not line.startswith("#")]
    assert len(CASES) == len(settings)
    assert {key for _, key, _ in CASES} >= {"llm-api:repository", "llm-api:runbooks", "gcp:project", "llm-api:chatRoom"}


@pytest.mark.parametrize(("stack", "program"), [("dev", ""), ("org", "infra/org")])
def test_the_program_names_all_of_them_in_one_line(stack: str, program: str) -> None:
    folder = ROOT / program
    answer = record("KEEP=placeholders", stack=stack, PROGRAM=str(folder))
    stored = yaml.safe_load((folder / f"Pulumi.{stack}.yaml").read_text())["config"]
    expected = [key for key, value in stored.items() if PLACEHOLDER in str(value)]
    assert expected
    assert all(key in answer["error"] for key in expected)
    assert f"Pulumi.{stack}.yaml: replace CHANGE-ME with your own value" in answer["error"]
    assert "\n" not in answer["error"]


def test_the_recorder_fills_in_what_its_owner_would(monkeypatch: pytest.MonkeyPatch) -> None:
    values: dict[str, Any] = configuration("dev", [])
    assert unfilled(values) == []
    assert filled_in("CHANGE-ME/firedrill") == "example/firedrill"
