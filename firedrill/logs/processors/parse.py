"""Processors that parse a text: grok, URLs, encoded values."""

import base64

from firedrill.logs.event import Event, PipelineError, Processor, first_source, read_field, write_attribute
from firedrill.logs.grok.filters import NEEDS_DATADOG
from firedrill.logs.grok.rules import compile_rules
from firedrill.logs.urls import url_details


def grok(processor: Processor, event: Event) -> None:
    """Write the attributes of the first rule that matches the whole source; no match changes nothing.

    The target of a filter that needs Datadog's data is listed in ``external``.
    """
    text = read_field(event, processor.get("source") or "message")
    if not isinstance(text, str):
        return
    rules = compile_rules(processor["grok"]["match_rules"], processor["grok"].get("support_rules") or "")
    extracted = next((parsed for rule in rules if (parsed := rule.parse(text)) is not None), [])
    for path, value in extracted:
        if value is NEEDS_DATADOG:
            event.setdefault("external", []).append(path)
        elif path:
            write_attribute(event, path, value)
        elif isinstance(value, dict):
            for key, nested in value.items():
                write_attribute(event, key, nested)


def url(processor: Processor, event: Event) -> None:
    """Write scheme, host, port (if the text names it), path and queryString of the first source."""
    source = first_source(event, processor.get("sources") or ["http.url"])
    if source and isinstance(source[1], str):
        details = url_details(source[1], bool(processor.get("normalize_ending_slashes")))
        if details:
            write_attribute(event, processor.get("target") or "http.url_details", details)


def decoder(processor: Processor, event: Event) -> None:
    """Decode base64 or base16 to text or a big-endian integer; a text in another encoding changes nothing."""
    source = read_field(event, processor["source"])
    if not isinstance(source, str):
        return
    encoding = processor["binary_to_text_encoding"]
    if encoding not in ("base64", "base16"):
        raise PipelineError(f"decoder-processor has no encoding {encoding!r}")
    try:
        raw = base64.b64decode(source, validate=True) if encoding == "base64" else bytes.fromhex(source)
        decoded = int.from_bytes(raw) if processor["input_representation"] == "integer" else raw.decode()
    except ValueError:
        return
    write_attribute(event, processor["target"], decoded)
