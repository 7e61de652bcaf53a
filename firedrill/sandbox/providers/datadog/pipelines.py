"""Log pipelines (https://docs.datadoghq.com/api/latest/logs-pipelines/).

The published provider sends the zero value of every text and flag of a processor that the program leaves out.
"""

from firedrill.sandbox.providers.datadog.kind import Account, Kind, plain
from firedrill.sandbox.providers.datadog.lists import TAG_HASHED, Listed, OneOf, Single
from firedrill.sandbox.providers.datadog.objects import Field, Object, Variant
from firedrill.sandbox.providers.datadog.shapes import INT, JSON_TEXT, Custom, Json, Mapped, Shape
from firedrill.sandbox.providers.values import Value


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, default="") for name in names)


def _flags(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, default=False) for name in names)


def _processor(*fields: Field) -> Object:
    return Object((*_texts("name"), *_flags("isEnabled"), *fields))


_QUERY = Object(_texts("query"))
_FILTERS = Field("filters", Single(_QUERY), at="filter", required=True)
_SOURCES = Field("sources", zero="omit")
_CATEGORIES = Field("categories", Listed(Object((*_texts("name"), Field("filter", _QUERY)))))
_REMAPPED = (*_texts("target"), *_flags("overrideOnConflict"), Field("targetFormat", zero="omit"), _SOURCES)
_REMAP = Object((*_texts("name"), *_flags("preserveSource"), *_REMAPPED))
_ARITHMETIC = Object((*_texts("name", "expression", "target"), *_flags("isReplaceMissing")))
_BUILDER = Object((*_texts("name", "template", "target"), *_flags("isReplaceMissing")))
_CATEGORY = Object((*_texts("name", "target"), _CATEGORIES))
_OPERATIONS = OneOf(
    "type",
    {
        "append": ("append", Object((*_texts("source", "target"), Field("preserveSource", default=True)))),
        "length": ("length", Object(_texts("source", "target"))),
        "select": ("select", Object(_texts("source", "target", "filter", "valueToExtract"))),
        "keyValue": (
            "key-value",
            Object(
                (
                    *_texts("source", "keyToExtract", "valueToExtract"),
                    *_flags("overrideOnConflict"),
                    Field("target", zero="omit"),
                )
            ),
        ),
    },
)
_SCHEMA = Object(
    (*_texts("schemaType", "version", "className"), Field("classUid", INT, default=0), Field("profiles", empty=[]))
)
_SCHEMA_CATEGORY = Object(
    (*_texts("name"), Field("filter", _QUERY), Field("id", INT, default=0)),
)
_FALLBACK = Object((Field("values", empty={}), Field("sources", Mapped(JSON_TEXT), empty={})))
_CATEGORY_MAPPER = Object(
    (
        *_texts("name"),
        Field("categories", Listed(_SCHEMA_CATEGORY)),
        Field("targets", Object(_texts("name", "id"))),
        Field("fallback", _FALLBACK),
    ),
)


def _send_mappers(value: Value) -> Json:
    remappers = [{**_REMAP.send(one), "type": "schema-remapper"} for one in value.get("schemaRemappers") or []]
    categories = value.get("schemaCategoryMappers") or []
    return [*remappers, *({**_CATEGORY_MAPPER.send(one), "type": "schema-category-mapper"} for one in categories)]


def _receive_mappers(answer: Json) -> Value:
    lists: tuple[tuple[str, str, Shape], ...] = (
        ("schemaRemappers", "schema-remapper", _REMAP),
        ("schemaCategoryMappers", "schema-category-mapper", _CATEGORY_MAPPER),
    )
    found = {
        name: [shape.receive(one, None) for one in answer if one.get("type") == type] for name, type, shape in lists
    }
    return {name: mappers for name, mappers in found.items() if mappers}


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
    Field("lookupTables", at="lookup_table"),
    Field("defaultLookup", zero="omit"),
)
_PROCESSORS: dict[str, tuple[str, Shape]] = {
    "arithmeticProcessor": (
        "arithmetic-processor",
        _processor(*_texts("expression", "target"), *_flags("isReplaceMissing")),
    ),
    "arrayMapProcessor": (
        "array-map-processor",
        _processor(
            *_texts("source", "target"),
            Field("preserveSource", default=True),
            Field("processors", Listed(_SUB_PROCESSORS)),
        ),
    ),
    "arrayProcessor": ("array-processor", _processor(Field("operation", _OPERATIONS))),
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
            Field("samples", zero="omit"),
            Field("grok", Object(_texts("matchRules", "supportRules"))),
        ),
    ),
    "lookupProcessor": (
        "lookup-processor",
        Variant(_LOOKUP, own=lambda answer: "lookup_enrichment_table" not in answer),
    ),
    "referenceTableLookupProcessor": (
        "lookup-processor",
        Variant(
            (*_texts("name", "source", "target", "lookupEnrichmentTable"), *_flags("isEnabled")),
            own=lambda answer: "lookup_enrichment_table" in answer,
        ),
    ),
    "messageRemapper": ("message-remapper", _remapper()),
    "schemaProcessor": (
        "schema-processor",
        _processor(Field("mappers", Custom(_send_mappers, _receive_mappers)), Field("schema", _SCHEMA)),
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
        Field("name"),
        *_texts("description"),
        *_flags("isEnabled"),
        Field("tags", TAG_HASHED, empty=[], computed=True),
        Field("filters", Single(_QUERY), at="filter"),
        Field("processors", Listed(OneOf("type", _PROCESSORS)), zero="omit"),
    )
)
PIPELINE = Object(
    (
        Field("name", required=True),
        *_texts("description"),
        *_flags("isEnabled"),
        Field("tags", TAG_HASHED, empty=[], computed=True),
        _FILTERS,
        Field("processors", Listed(OneOf("type", {**_PROCESSORS, "pipeline": ("pipeline", _NESTED)})), empty=[]),
    )
)


def kinds(account: Account) -> dict[str, Kind]:
    """The family's entries."""
    return {
        "datadog:index/logsCustomPipeline:LogsCustomPipeline": plain(
            account, "/api/v1/logs/config/pipelines", PIPELINE
        ),
    }
