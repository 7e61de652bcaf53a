"""Published pipelines (the YAML that integrations ship) as the API's JSON.

The published names are in camel case, a lookup table is one text with a line for each entry, and a pipeline is
``enabled`` rather than ``is_enabled``.
"""

import re
from typing import Any

Json = dict[str, Any]
# Names that differ in more than their case.
NAMES = {
    "enabled": "is_enabled",
    "encoded": "is_encoded",
    "replaceMissing": "is_replace_missing",
}
# Values of these keys are a user's own, or a rule's text: nothing below them is renamed.
OPAQUE = {"filter", "samples", "template", "expression", "fallback"}


def api_pipeline(published: Json) -> Json:
    """Return a published pipeline or processor under the API's names."""
    converted = {_name(key): value if key in OPAQUE else _value(value) for key, value in published.items()}
    if isinstance(converted.get("lookup_table"), str):
        converted["lookup_table"] = converted["lookup_table"].splitlines()
    return converted


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return api_pipeline(value)
    if isinstance(value, list):
        return [_value(element) for element in value]
    return value


def _name(key: str) -> str:
    return NAMES.get(key) or re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", key)


def filter_source(published: Json) -> str:
    """Return a source that the pipeline's filter accepts: the first that it names."""
    match = re.search(r"source:\(?\s*\"?([^\s()\"]+)", published["filter"]["query"])
    return match[1] if match else ""
