"""The schema processor: mappers that write an event of the OCSF schema (schema.ocsf.io).

Its mappers are in the declaration. The schema itself adds the class and its category; that is public, too.
"""

from typing import Any

from firedrill.logs.event import Event, PipelineError, Processor, as_number, first_source, write_attribute
from firedrill.logs.processors.remap import attribute
from firedrill.logs.search import parse_search

# schema.ocsf.io/categories: the thousands of a class's number.
CATEGORIES = (
    "Uncategorized", "System Activity", "Findings", "Identity & Access Management", "Network Activity", "Discovery",
    "Application Activity", "Remediation", "Unmanned Systems",
)  # fmt: skip


def schema(processor: Processor, event: Event) -> None:
    """Run the mappers in order, then write class and category."""
    for mapper in processor["mappers"]:
        match mapper["type"]:
            case "schema-remapper":
                attribute(mapper, event)
            case "schema-category-mapper":
                _category(mapper, event)
            case unknown:
                raise PipelineError(f"schema-processor has no mapper {unknown!r}")
    _write_class(processor["schema"], event)


def _category(mapper: dict[str, Any], event: Event) -> None:
    """Write name and number of the first category that matches.

    The fallback belongs to the category of its number ("Other"): its sources give that category's name. Where no
    category matches, nothing is written.
    """
    name, number = mapper["targets"]["name"], mapper["targets"]["id"]
    for candidate in mapper["categories"]:
        if not parse_search(candidate["filter"]["query"]).matches(event):
            continue
        write_attribute(event, name, candidate["name"])
        write_attribute(event, number, candidate["id"])
        fallback = mapper.get("fallback") or {}
        if as_number((fallback.get("values") or {}).get(number)) == candidate["id"]:
            source = first_source(event, (fallback.get("sources") or {}).get(name) or [])
            write_attribute(event, name, source[1] if source else fallback["values"].get(name, candidate["name"]))
        return


def _write_class(declared: dict[str, Any], event: Event) -> None:
    if declared["schema_type"] != "ocsf":
        raise PipelineError(f"schema-processor knows the schema ocsf, not {declared['schema_type']!r}")
    number = int(declared["class_uid"])
    values = {
        "class_name": declared["class_name"],
        "class_uid": number,
        "category_uid": number // 1000,
        "category_name": CATEGORIES[number // 1000] if number // 1000 < len(CATEGORIES) else CATEGORIES[0],
        "metadata.version": declared["version"],
    }
    for name, value in values.items():
        write_attribute(event, f"ocsf.{name}", value)
