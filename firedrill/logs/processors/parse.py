"""Processors that take a text apart: grok, URLs, encoded values."""

import base64

from firedrill.logs.event import Event, PipelineError, Processor, first, read, write
from firedrill.logs.grok.rules import compile_rules
from firedrill.logs.urls import url_details


def grok(processor: Processor, event: Event) -> None:
    """The attributes of the first rule that matches the whole source; no match changes nothing."""
    text = read(event, processor.get("source") or "message")
    if not isinstance(text, str):
        return
    rules = compile_rules(processor["grok"]["match_rules"], processor["grok"].get("support_rules") or "")
    found = next((parsed for rule in rules if (parsed := rule.parse(text)) is not None), [])
    for path, value in found:
        if path:
            write(event, path, value)
        elif isinstance(value, dict):
            for key, below in value.items():
                write(event, key, below)


def url(processor: Processor, event: Event) -> None:
    """Scheme, host, port (the scheme's own by default), path and queryString of the first source."""
    found = first(event, processor.get("sources") or ["http.url"])
    if found and isinstance(found[1], str):
        details = url_details(found[1], bool(processor.get("normalize_ending_slashes")))
        if details:
            write(event, processor.get("target") or "http.url_details", details)


def decoder(processor: Processor, event: Event) -> None:
    """Base64 or base16 to text or a big-endian integer; a text that is not so encoded changes nothing."""
    source = read(event, processor["source"])
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
    write(event, processor["target"], decoded)
