"""The cases of a rehearsal are all products and policies; each path that is refused belongs to its product."""

from pathlib import Path

import pytest
import yaml

from firedrill.delivery.doctor import ORGANISATION_POLICIES
from firedrill.engine.products_off import product_of
from firedrill.errors import KnownFailure
from firedrill.rehearse.cases import REFUSED, Case, chosen
from firedrill.rehearse.commands import Outcome
from firedrill.rehearse.configuration import fill
from infra.products import PLANS
from infra.unfilled import unfilled
from tests.conftest import ROOT
from tests.integration.commands import copy_checkout


def test_every_product_and_policy_has_a_case() -> None:
    assert REFUSED.keys() == PLANS.keys()
    assert len(chosen([], [], every=True)) == 1 + len(PLANS) + len(ORGANISATION_POLICIES)
    assert chosen([], [], every=False) == [Case()]
    with pytest.raises(KnownFailure, match="there is no product oncall to rehearse: choose one of apm, "):
        chosen(["oncall"], [], every=False)


@pytest.mark.parametrize(("product", "path"), [(name, path) for name, paths in REFUSED.items() for path in paths])
def test_a_refused_path_belongs_to_its_product(product: str, path: str) -> None:
    assert product_of(path if path.endswith("/") else f"{path}/") == product


def test_a_filled_configuration_has_no_placeholder_and_no_secret(tmp_path: Path) -> None:
    copy = copy_checkout(tmp_path)
    stack = copy / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text() + "  llm-api:chatRoomToken: {secure: v1:abc}\n")
    filled = fill(copy, "dev", "http://localhost:1")
    config = yaml.safe_load(stack.read_text())["config"]
    organisation = yaml.safe_load((copy / "infra" / "org" / "Pulumi.org.yaml").read_text())["config"]
    assert unfilled({key: yaml.safe_dump(value) for key, value in (config | organisation).items()}) == []
    assert "llm-api:chatRoomToken" not in config and "llm-api:chatRoomToken" in filled.secrets
    assert organisation["llm-api-org:paged"] == list(filled.people) == config["llm-api:onCall"]["emails"]
    assert filled.project in str(config["gcp:project"]) and "CHANGE-ME" in (ROOT / "Pulumi.dev.yaml").read_text()


@pytest.mark.parametrize(
    ("outcome", "summary"),
    [
        (Outcome(0, "Resources:\n    + 9 to create\n\nResources:\n    + 9 created\n\n", "", 1), "+ 9 created"),
        (Outcome(1, "many lines\n", "\nPOST /x answered 403\nmore\n", 1), "POST /x answered 403"),
        (Outcome(1, "Previewing\n  error: no such stack\n", "", 1), "error: no such stack"),
        (Outcome(1, "", "", 1), "exit code 1"),
    ],
)
def test_a_command_is_summed_up_in_a_line(outcome: Outcome, summary: str) -> None:
    assert outcome.summary == summary
