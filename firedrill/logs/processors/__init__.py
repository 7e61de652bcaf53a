"""The processors of a log pipeline, by their ``type`` (docs.datadoghq.com/logs/log_configuration/processors)."""

from collections.abc import Callable

from firedrill.logs.event import Event, Processor
from firedrill.logs.processors import arrays, compute, external, parse, remap, schema

Run = Callable[[Processor, Event], None]

PROCESSORS: dict[str, Run] = {
    "attribute-remapper": remap.attribute,
    "date-remapper": remap.date,
    "status-remapper": remap.status,
    "service-remapper": remap.service,
    "message-remapper": remap.message,
    "trace-id-remapper": remap.trace_id,
    "span-id-remapper": remap.span_id,
    "exclude-attribute": remap.exclude,
    "exclude-attribute-processor": remap.exclude,
    "category-processor": compute.category,
    "arithmetic-processor": compute.arithmetic,
    "string-builder-processor": compute.string_builder,
    "lookup-processor": compute.lookup,
    "array-processor": arrays.array,
    "array-map-processor": arrays.array_map,
    "grok-parser": parse.grok,
    "url-parser": parse.url,
    "decoder-processor": parse.decoder,
    "user-agent-parser": external.needs_datadog,
    "geo-ip-parser": external.needs_datadog,
    "threat-intel-processor": external.needs_datadog,
    "reference-table-lookup-processor": external.needs_datadog,
    "schema-processor": schema.schema,
}

# Of each of these types, only the first processor that has a source counts, over all pipelines.
FIRST_ONLY = {"date-remapper", "status-remapper", "service-remapper", "message-remapper"}
