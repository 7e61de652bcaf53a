"""Everything that the service registers with its process: the tracer's processors and tags, and the log's formatter.

Each call replaces what an earlier one registered, so a process may make several applications.
"""

from ddtrace.internal import core
from ddtrace.llmobs import LLMObs
from ddtrace.trace import tracer

from service.telemetry import logs
from service.telemetry.peers import PeerNames
from service.telemetry.place import read_place, span_tags
from service.telemetry.privacy import RedactedTags, strip_exception, withhold_texts
from service.telemetry.redactor import Redactor
from service.telemetry.request_tags import RequestTags
from service.telemetry.telemetry_loss import TelemetryLoss


def instrument_process(redactor: Redactor, service: str) -> None:
    """Redact and withhold private texts from now on, add the place to spans and log lines, count lost telemetry."""
    # Every tracer integration's spans pass here, before LLM Observability copies their error.
    core.on("span.exception", strip_exception, name="service.telemetry.privacy")  # type: ignore[attr-defined]  # re-exported silently
    tracer.configure(trace_processors=[PeerNames(), RequestTags(service), RedactedTags(redactor)])
    if LLMObs.enabled:
        LLMObs.register_processor(withhold_texts)
    place = read_place()  # only now: the calls that it makes have spans too
    tracer.set_tags(span_tags(place))
    logs.use_formatter(logs.JsonLines(redactor, place))
    TelemetryLoss().watch()
