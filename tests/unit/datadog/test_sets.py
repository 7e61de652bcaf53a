"""Sets of every kind in another order are no difference, neither for the provider nor for drift."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pulumi.automation.events import StepEventMetadata

from firedrill.datadog.mapping.kind import DatadogKind
from firedrill.datadog.provider import provider
from firedrill.datadog.published.schema import Field, KindSchema, schemas
from firedrill.datadog.published.sets import with_sets_aligned
from firedrill.datadog.resources.synthetics import ByType
from firedrill.delivery.resource_changes import PropertyChange, resource_changes
from firedrill.provider.difference import compare

Path = tuple[str, ...]
FIELD = "datadog:index/incidentUserDefinedField:IncidentUserDefinedField"
OBJECTS = {"metricNamespaceConfigs", "monitoredResourceConfigs"}
"""Sets of objects whose members the schema does not have."""


def sample(field: Field, number: int) -> Any:
    """Return a value of a property; those of lists and sets have three distinct items."""
    if field.is_list:
        return [item(field, 10 * number + place) for place in range(3)]
    return item(field, number)


def item(field: Field, number: int) -> Any:
    if field.properties is not None:
        return declared(field.properties, number)
    kind = field.items.type if field.items and field.is_list else field.type
    return {"bool": bool(number % 2), "int": number, "number": number + 0.5, "map": {"key": f"v{number}"}}.get(
        kind, f"v{number}"
    )


def declared(fields: Mapping[str, Field], number: int = 1) -> dict[str, Any]:
    return {name: sample(field, number) for name, field in fields.items() if not field.output and not field.conflicts}


def sets(fields: Mapping[str, Field], values: Any) -> Iterator[Path]:
    """Yield the path of each set in a sample."""
    for name, value in values.items():
        field = fields[name]
        if field.type == "set" and field.is_list and name not in OBJECTS:
            yield (name,)
        if field.properties is not None:
            yield from ((name, *path) for path in sets(field.properties, value[0] if field.is_list else value))


def turned(value: Any, path: Path) -> Any:
    """Return a value with the items of the sets at a path in another order."""
    if isinstance(value, list) and path:
        return [turned(each, path) for each in value]
    if not path:
        return [*value[1:], value[0]]
    return {**value, path[0]: turned(value[path[0]], path[1:])}


SETS = [
    pytest.param(token, kind, path, id=f"{token.rsplit(':', 1)[-1]}.{'.'.join(path)}")
    for token, kind in schemas().items()
    for path in sets(kind.properties, declared(kind.properties))
]


@pytest.mark.parametrize(("token", "kind", "path"), SETS)
def test_another_order_is_no_difference(token: str, kind: KindSchema, path: Path) -> None:
    old = declared(kind.properties)
    new = turned(old, path)
    assert new != old
    assert list(compare(old, with_sets_aligned(kind, old, new))) == []
    ours = provider().kinds[token]
    entries = list(ours.kinds.values()) if isinstance(ours, ByType) else [ours]
    for entry in entries:
        assert isinstance(entry, DatadogKind)
        for prop in entry.schema.properties:
            # A processor has one member only: the sample, which has all, is none.
            if prop.name == path[0] and path[0] != "processors":
                assert list(prop.schema.differences(old[prop.name], new[prop.name], prop.name)) == []


@pytest.mark.parametrize(("token", "kind", "path"), SETS)
def test_one_item_less_is_one_difference(token: str, kind: KindSchema, path: Path) -> None:
    if len(path) > 1:
        return
    old = declared(kind.properties)
    new = turned(old, path)
    new[path[0]] = new[path[0]][:-1]  # without the old's first
    differing = {name.split(".")[0] for name, _ in compare(old, with_sets_aligned(kind, old, new))}
    assert differing == {f"{path[0]}[0]"}


def test_drift_of_an_item_of_a_set_names_this_item() -> None:
    values = [
        {"value": "a", "displayName": "A"},
        {"value": "b", "displayName": "B"},
        {"value": "c", "displayName": "C"},
    ]
    edited = [values[2], values[0], {"value": "b", "displayName": "edited"}]
    what = {"urn": f"urn:pulumi:s::p::{FIELD}::mode", "type": FIELD}
    sides = {
        side: {**what, "id": "7", "inputs": inputs, "outputs": inputs}
        for side, inputs in (("old", {"validValues": values}), ("new", {"validValues": edited}))
    }
    step = StepEventMetadata.from_json({**what, **sides, "op": "update", "diffs": ["validValues"]})
    [change] = resource_changes([step])
    assert change.properties == (PropertyChange("validValues[1].displayName", "B", "edited"),)
