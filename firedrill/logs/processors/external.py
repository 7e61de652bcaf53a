"""Processors whose result depends on data that only Datadog has."""

from firedrill.logs.event import Event, PipelineError, Processor, first


def needs_datadog(processor: Processor, event: Event) -> None:
    """User agents, places of addresses, threat lists, reference tables: the target is named in ``external``.

    An attribute listed there exists in Datadog with a value that cannot be known here.
    """
    sources = processor.get("sources") or [processor.get("source", "")]
    if first(event, sources):
        event.setdefault("external", []).append(processor.get("target", processor["type"]))


def refuse(processor: Processor, _: Event) -> None:
    """Schema (OCSF) processors."""
    raise PipelineError(f"{processor['type']} is not run here: its mapping tables are Datadog's")
