"""The scenarios of an organisation that lacks products expect nothing that its program leaves out."""

import shutil
from pathlib import Path

from firedrill.prove.collect import from_program, from_resources, registered
from firedrill.prove.left_out import whole_program, without_products
from firedrill.scenario.scenario import load_all
from tests.conftest import ROOT

OFF = ["on-call", "llm-observability", "incidents"]


def test_expectations_of_what_is_left_out_are_dropped_and_the_others_stay() -> None:
    whole = from_program(ROOT, "local")
    definitions = from_resources(registered(ROOT, "local", {"llm-api:productsOff": OFF}))
    scenarios = load_all(ROOT / "drills" / "scenarios")
    kept = without_products(scenarios, definitions, whole)
    declared = {definitions.alert(monitor) for monitor in definitions.account.monitors}
    expectations = [expectation for scenario in kept.values() for expectation in scenario.then]
    assert {expectation.alert for expectation in expectations} <= declared
    assert not [expectation for expectation in expectations if expectation.pages or expectation.escalates]
    runs = {handle for expectation in expectations for handle in expectation.runs}
    assert "open-incident" not in runs and "roll-back" in runs
    assert len(kept) > len(scenarios) * 0.9


def test_a_stack_with_every_product_needs_no_second_look(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Pulumi.local.yaml", tmp_path)
    assert whole_program(tmp_path, "local") is None
