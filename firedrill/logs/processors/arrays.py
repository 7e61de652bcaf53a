"""Processors over arrays (docs.datadoghq.com/logs/log_configuration/processors, array and array map)."""

from copy import deepcopy
from typing import Any

from firedrill.logs import attributes
from firedrill.logs.event import Event, PipelineError, Processor, as_text, drop, read, write
from firedrill.logs.processors import compute, remap

MAX_ELEMENTS = 50
SUB_PROCESSORS = {
    "attribute-remapper": remap.attribute,
    "string-builder-processor": compute.string_builder,
    "arithmetic-processor": compute.arithmetic,
    "category-processor": compute.category,
}


def array(processor: Processor, event: Event) -> None:
    """One operation on an array: select, length, append or key-value."""
    operation = processor["operation"]
    source = read(event, operation["source"])
    match operation["type"]:
        case "length" if isinstance(source, list):
            write(event, operation["target"], len(source))
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
    key, _, wanted = operation["filter"].partition(":")
    for element in source:
        held = attributes.get(element, key.strip())
        if held is not None and as_text(held) == wanted.strip().strip('"'):
            value = attributes.get(element, operation["value_to_extract"])
            if value is not None:
                write(event, operation["target"], value)
            return


def _append(operation: dict[str, Any], source: Any, event: Event) -> None:
    target = read(event, operation["target"])
    if target is not None and not isinstance(target, list):
        return
    added = source if isinstance(source, list) else [source]
    if not operation.get("preserve_source"):
        drop(event, operation["source"])
    write(event, operation["target"], [*(target or ()), *added])


def _key_value(operation: dict[str, Any], source: list[Any], event: Event) -> None:
    prefix = f"{operation['target']}." if operation.get("target") else ""
    for element in source:
        key = attributes.get(element, operation["key_to_extract"])
        value = attributes.get(element, operation["value_to_extract"])
        if not isinstance(key, str) or value is None:
            continue
        if read(event, prefix + key) is None or operation.get("override_on_conflict"):
            write(event, prefix + key, value)


def array_map(processor: Processor, event: Event) -> None:
    """Sub-processors over each of the first 50 elements: they read ``$sourceElem`` and write ``$targetElem``."""
    source, target = processor["source"], processor["target"]
    elements = read(event, source)
    if not isinstance(elements, list):
        return
    existing = read(event, target)
    kept: list[Any] = existing if isinstance(existing, list) else []
    output = []
    for number, element in enumerate(elements[:MAX_ELEMENTS]):
        below = {**event.get("attributes", {}), "$sourceElem": deepcopy(element)}
        if number < len(kept):
            below["$targetElem"] = deepcopy(kept[number])
        scope = {**event, "attributes": below}
        for sub in processor["processors"]:
            if sub["type"] not in SUB_PROCESSORS:
                raise PipelineError(f"array-map-processor cannot hold a {sub['type']}")
            SUB_PROCESSORS[sub["type"]](sub, scope)
        output.append(below.get("$targetElem", {}))
    output += kept[len(output) :] if source != target else []
    if not processor.get("preserve_source", True) and source != target:
        drop(event, source)
    write(event, target, output)
