"""Log pipelines (https://docs.datadoghq.com/api/latest/logs-pipelines/).

The published provider sends the zero value of each text and flag of a processor that the program does not declare.
"""

from firedrill.datadog.mapping.kind import ConfiguredAccount, DatadogKind, plain
from firedrill.datadog.mapping.lists import TAG_SET_IN_HASH_ORDER, ListOf, ListOfOne, OneOf
from firedrill.datadog.mapping.objects import Object, Property, Variant
from firedrill.datadog.mapping.schema import INT, JSON_TEXT, Converted, Json, MapOf, Schema
from firedrill.provider.values import Value


def _texts(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, default="") for name in names)


def _flags(*names: str) -> tuple[Property, ...]:
    return tuple(Property(name, default=False) for name in names)


def _processor(*fields: Property) -> Object:
    return Object((*_texts("name"), *_flags("isEnabled"), *fields))


_QUERY = Object(_texts("query"))
_FILTERS = Property("filters", ListOfOne(_QUERY), at="filter", required=True)
_SOURCES = Property("sources", zero="omit")
_CATEGORIES = Property("categories", ListOf(Object((*_texts("name"), Property("filter", _QUERY)))))
_REMAPPED = (*_texts("target"), *_flags("overrideOnConflict"), Property("targetFormat", zero="omit"), _SOURCES)
_REMAP = Object((*_texts("name"), *_flags("preserveSource"), *_REMAPPED))
_ARITHMETIC = Object((*_texts("name", "expression", "target"), *_flags("isReplaceMissing")))
_BUILDER = Object((*_texts("name", "template", "target"), *_flags("isReplaceMissing")))
_CATEGORY = Object((*_texts("name", "target"), _CATEGORIES))
_OPERATIONS = OneOf(
    "type",
    {
        "append": ("append", Object((*_texts("source", "target"), Property("preserveSource", default=True)))),
        "length": ("length", Object(_texts("source", "target"))),
        "select": ("select", Object(_texts("source", "target", "filter", "valueToExtract"))),
        "keyValue": (
            "key-value",
            Object(
                (
                    *_texts("source", "keyToExtract", "valueToExtract"),
                    *_flags("overrideOnConflict"),
                    Property("target", zero="omit"),
                )
            ),
        ),
    },
)
_SCHEMA = Object(
    (
        *_texts("schemaType", "version", "className"),
        Property("classUid", INT, default=0),
        Property("profiles", if_absent=[]),
    )
)
_SCHEMA_CATEGORY = Object(
    (*_texts("name"), Property("filter", _QUERY), Property("id", INT, default=0)),
)
_FALLBACK = Object((Property("values", if_absent={}), Property("sources", MapOf(JSON_TEXT), if_absent={})))
_CATEGORY_MAPPER = Object(
    (
        *_texts("name"),
        Property("categories", ListOf(_SCHEMA_CATEGORY)),
        Property("targets", Object(_texts("name", "id"))),
        Property("fallback", _FALLBACK),
    ),
)


def _send_mappers(value: Value) -> Json:
    remappers = [
        {**_REMAP.send(schema_remapper), "type": "schema-remapper"}
        for schema_remapper in value.get("schemaRemappers") or []
    ]
    categories = value.get("schemaCategoryMappers") or []
    return [
        *remappers,
        *({**_CATEGORY_MAPPER.send(category), "type": "schema-category-mapper"} for category in categories),
    ]


def _receive_mappers(answer: Json) -> Value:
    lists: tuple[tuple[str, str, Schema], ...] = (
        ("schemaRemappers", "schema-remapper", _REMAP),
        ("schemaCategoryMappers", "schema-category-mapper", _CATEGORY_MAPPER),
    )
    received = {
        name: [schema.receive(mapper, None) for mapper in answer if mapper.get("type") == type]
        for name, type, schema in lists
    }
    return {name: mappers for name, mappers in received.items() if mappers}


def _remapper() -> Object:
    return _processor(_SOURCES)


_SUB_PROCESSORS = OneOf(
    "type",
    {
        "attributeRemapper": ("attribute-remapper", _REMAP),
        "arithmeticProcessor": ("arithmetic-processor", _ARITHMETIC),
        "stringBuilderProcessor": ("string-builder-processor", _BUILDER),
        "categoryProcessor": ("category-processor", _CATEGORY),
    },
)
_LOOKUP = (
    *_texts("name", "source", "target"),
    *_flags("isEnabled"),
    Property("lookupTables", at="lookup_table"),
    Property("defaultLookup", zero="omit"),
)
_PROCESSORS: dict[str, tuple[str, Schema]] = {
    "arithmeticProcessor": (
        "arithmetic-processor",
        _processor(*_texts("expression", "target"), *_flags("isReplaceMissing")),
    ),
    "arrayMapProcessor": (
        "array-map-processor",
        _processor(
            *_texts("source", "target"),
            Property("preserveSource", default=True),
            Property("processors", ListOf(_SUB_PROCESSORS)),
        ),
    ),
    "arrayProcessor": ("array-processor", _processor(Property("operation", _OPERATIONS))),
    "attributeRemapper": (
        "attribute-remapper",
        _processor(*_texts("sourceType", "targetType"), *_flags("preserveSource"), *_REMAPPED),
    ),
    "categoryProcessor": ("category-processor", _processor(*_texts("target"), _CATEGORIES)),
    "dateRemapper": ("date-remapper", _remapper()),
    "decoderProcessor": (
        "decoder-processor",
        _processor(*_texts("source", "target", "binaryToTextEncoding", "inputRepresentation")),
    ),
    "excludeAttributeProcessor": ("exclude-attribute", _processor(*_texts("attributeToExclude"))),
    "geoIpParser": ("geo-ip-parser", _processor(*_texts("target"), _SOURCES)),
    "grokParser": (
        "grok-parser",
        _processor(
            *_texts("source"),
            Property("samples", zero="omit"),
            Property("grok", Object(_texts("matchRules", "supportRules"))),
        ),
    ),
    "lookupProcessor": (
        "lookup-processor",
        Variant(_LOOKUP, matches=lambda answer: "lookup_enrichment_table" not in answer),
    ),
    "referenceTableLookupProcessor": (
        "lookup-processor",
        Variant(
            (*_texts("name", "source", "target", "lookupEnrichmentTable"), *_flags("isEnabled")),
            matches=lambda answer: "lookup_enrichment_table" in answer,
        ),
    ),
    "messageRemapper": ("message-remapper", _remapper()),
    "schemaProcessor": (
        "schema-processor",
        _processor(Property("mappers", Converted(_send_mappers, _receive_mappers)), Property("schema", _SCHEMA)),
    ),
    "serviceRemapper": ("service-remapper", _remapper()),
    "spanIdRemapper": ("span-id-remapper", _remapper()),
    "statusRemapper": ("status-remapper", _remapper()),
    "stringBuilderProcessor": (
        "string-builder-processor",
        _processor(*_texts("template", "target"), *_flags("isReplaceMissing")),
    ),
    "traceIdRemapper": ("trace-id-remapper", _remapper()),
    "urlParser": ("url-parser", _processor(*_texts("target"), *_flags("normalizeEndingSlashes"), _SOURCES)),
    "userAgentParser": ("user-agent-parser", _processor(*_texts("target"), *_flags("isEncoded"), _SOURCES)),
}


_NESTED = Object(
    (
        Property("name"),
        *_texts("description"),
        *_flags("isEnabled"),
        Property("tags", TAG_SET_IN_HASH_ORDER, if_absent=[], computed=True),
        Property("filters", ListOfOne(_QUERY), at="filter"),
        Property("processors", ListOf(OneOf("type", _PROCESSORS)), zero="omit"),
    )
)
PIPELINE = Object(
    (
        Property("name", required=True),
        *_texts("description"),
        *_flags("isEnabled"),
        Property("tags", TAG_SET_IN_HASH_ORDER, if_absent=[], computed=True),
        _FILTERS,
        Property("processors", ListOf(OneOf("type", {**_PROCESSORS, "pipeline": ("pipeline", _NESTED)})), if_absent=[]),
    )
)


def kinds(account: ConfiguredAccount) -> dict[str, DatadogKind]:
    """Return the family's entries."""
    return {
        "datadog:index/logsCustomPipeline:LogsCustomPipeline": plain(
            account, "/api/v1/logs/config/pipelines", PIPELINE
        ),
    }
