"""Processors over arrays (docs.datadoghq.com/logs/log_configuration/processors, array and array map)."""

from copy import deepcopy
from typing import Any

from firedrill.logs.attributes import get_path
from firedrill.logs.event import Event, PipelineError, Processor, as_text, drop_field, read_field, write_attribute
from firedrill.logs.processors import compute, remap

MAX_ELEMENTS = 50
SUB_PROCESSORS = {
    "attribute-remapper": remap.attribute,
    "string-builder-processor": compute.string_builder,
    "arithmetic-processor": compute.arithmetic,
    "category-processor": compute.category,
}


def array(processor: Processor, event: Event) -> None:
    """Run an operation on an array: select, length, append or key-value."""
    operation = processor["operation"]
    source = read_field(event, operation["source"])
    match operation["type"]:
        case "length" if isinstance(source, list):
            write_attribute(event, operation["target"], len(source))
        case "select" if isinstance(source, list):
            _select(operation, source, event)
        case "append" if source is not None:
            _append(operation, source, event)
        case "key-value" if isinstance(source, list):
            _key_value(operation, source, event)
        case "length" | "select" | "append" | "key-value":
            return
        case unknown:
            raise PipelineError(f"array-processor has no operation {unknown!r}")


def _select(operation: dict[str, Any], source: list[Any], event: Event) -> None:
    key, _, expected = operation["filter"].partition(":")
    for element in source:
        candidate = get_path(element, key.strip())
        if candidate is not None and as_text(candidate) == expected.strip().strip('"'):
            value = get_path(element, operation["value_to_extract"])
            if value is not None:
                write_attribute(event, operation["target"], value)
            return


def _append(operation: dict[str, Any], source: Any, event: Event) -> None:
    target = read_field(event, operation["target"])
    if target is not None and not isinstance(target, list):
        return
    added = source if isinstance(source, list) else [source]
    if not operation.get("preserve_source"):
        drop_field(event, operation["source"])
    write_attribute(event, operation["target"], [*(target or ()), *added])


def _key_value(operation: dict[str, Any], source: list[Any], event: Event) -> None:
    prefix = f"{operation['target']}." if operation.get("target") else ""
    for element in source:
        key = get_path(element, operation["key_to_extract"])
        value = get_path(element, operation["value_to_extract"])
        if not isinstance(key, str) or value is None:
            continue
        if read_field(event, prefix + key) is None or operation.get("override_on_conflict"):
            write_attribute(event, prefix + key, value)


def array_map(processor: Processor, event: Event) -> None:
    """Run sub-processors over each of the first 50 elements; they read ``$sourceElem`` and write ``$targetElem``."""
    source, target = processor["source"], processor["target"]
    elements = read_field(event, source)
    if not isinstance(elements, list):
        return
    existing = read_field(event, target)
    kept: list[Any] = existing if isinstance(existing, list) else []
    output = []
    for number, element in enumerate(elements[:MAX_ELEMENTS]):
        nested = {**event.get("attributes", {}), "$sourceElem": deepcopy(element)}
        if number < len(kept):
            nested["$targetElem"] = deepcopy(kept[number])
        scope = {**event, "attributes": nested}
        for sub in processor["processors"]:
            if sub["type"] not in SUB_PROCESSORS:
                raise PipelineError(f"array-map-processor cannot hold a {sub['type']}")
            SUB_PROCESSORS[sub["type"]](sub, scope)
        output.append(nested.get("$targetElem", {}))
    output += kept[len(output) :] if source != target else []
    if not processor.get("preserve_source", True) and source != target:
        drop_field(event, source)
    write_attribute(event, target, output)
