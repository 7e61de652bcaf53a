"""Processors whose result depends on data that only Datadog has."""

from firedrill.logs.event import Event, Processor, first_source


def needs_datadog(processor: Processor, event: Event) -> None:
    """List the target of a user agent, GeoIP, threat or reference table processor in ``external``.

    In Datadog such an attribute exists; its value is not available here.
    """
    sources = processor.get("sources") or [processor.get("source", "")]
    if first_source(event, sources):
        event.setdefault("external", []).append(processor.get("target", processor["type"]))
