"""The expectations of scenarios in an organisation that lacks products (``productsOff`` of the stack's configuration).

What the program leaves out there is neither missing nor misspelt: the scenarios expect the whole program.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from firedrill.evaluate.model import Json
from firedrill.notify.oncall.jsonapi import attributes
from firedrill.prove.collect import from_resources, registered
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.scenario import Expectation, Scenario

PRODUCTS_OFF = "productsOff"


def whole_program(root: Path, stack: str) -> Definitions | None:
    """Return the definitions that a stack would have with every product; None where it has all."""
    config = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text()).get("config") or {}
    off = [key for key, value in config.items() if key.rpartition(":")[2] == PRODUCTS_OFF and value]
    return from_resources(registered(root, stack, dict.fromkeys(off))) if off else None


def without_products(
    scenarios: Mapping[str, Scenario], definitions: Definitions, whole: Definitions
) -> dict[str, Scenario]:
    """Return the scenarios without expectations of alerts, pages and workflows that only the whole program has.

    A scenario of which nothing is left is left out.
    """
    left_out = _alerts(whole) - _alerts(definitions)
    pages = bool(definitions.directory.schedules) or not whole.directory.schedules
    kept = {
        name: [_possible(each, definitions, pages=pages) for each in scenario.then if each.alert not in left_out]
        for name, scenario in scenarios.items()
    }
    return {name: scenarios[name].model_copy(update={"then": then}) for name, then in kept.items() if then}


def _spec(workflow: Mapping[str, Any]) -> Json:
    spec: Json = attributes(dict(workflow)).get("spec") or {}
    return spec


def _alerts(definitions: Definitions) -> set[str]:
    return {definitions.alert(monitor) for monitor in definitions.account.monitors}


def _possible(expectation: Expectation, definitions: Definitions, *, pages: bool) -> Expectation:
    """Return an expectation without the page and the workflows that the organisation cannot have."""
    handles = [str(_spec(workflow).get("handle")) for workflow in definitions.directory.workflows]
    # Outside of production a handle ends with the environment's name.
    runs = {
        name: inputs
        for name, inputs in expectation.runs.items()
        if any(handle == name or handle.startswith(f"{name}-") for handle in handles)
    }
    paged: Json = {} if pages else {"pages": None, "escalates": {}}
    return expectation.model_copy(update={"runs": runs, **paged})
