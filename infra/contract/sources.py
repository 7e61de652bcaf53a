"""The facets of each source's events: those of the contract, and those that Datadog adds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from service.telemetry import EVENT_KINDS, LOG_EVENTS, PIPELINE_FIELDS, SPANS, LogField

Type = Literal["string", "number", "boolean", "any"]


@dataclass(frozen=True)
class Facet:
    """A field (``@path``) or tag of events. ``values`` are all that can occur; empty if they are open."""

    type: Type = "string"
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The facets of a source. ``events`` is the word for its events; below an ``open`` prefix any field is allowed."""

    events: str
    fields: dict[str, Facet]
    tags: dict[str, Facet]
    open: tuple[str, ...] = field(default=())


def _facets(names: str, numbers: str = "", **values: tuple[str, ...]) -> dict[str, Facet]:
    facets = dict.fromkeys(names.split(), Facet()) | dict.fromkeys(numbers.split(), Facet("number"))
    return facets | {name.replace("__", "."): Facet(values=allowed) for name, allowed in values.items()}


def _declared(fields: Iterable[LogField]) -> dict[str, Facet]:
    """Return the facets of declared fields. A path that several kinds of event declare has the values of all."""
    facets: dict[str, Facet] = {}
    open_paths = set()
    for field_ in fields:
        kind = _facet_type(field_)
        values = facets.get(field_.path, Facet(kind)).values
        facets[field_.path] = Facet(kind, tuple(dict.fromkeys((*values, *field_.values))))
        if not field_.values:
            open_paths.add(field_.path)
    return facets | {path: Facet(facets[path].type) for path in open_paths}


def _facet_type(log_field: LogField) -> Type:
    if log_field.type in {"integer", "double"}:
        return "number"
    return "boolean" if log_field.type == "boolean" else "string"


UNIFIED = _facets("service env version host source team")
STATUSES = ("emergency", "alert", "critical", "error", "warn", "warning", "notice", "info", "debug", "ok")
CLOUD_RUN = _facets("service_name revision_name location project_id container_id")
LOG_FIELDS = (
    *PIPELINE_FIELDS,
    *(log_field for event in LOG_EVENTS.values() for log_field in event.fields),
)
LOGS = Source("log", _declared(LOG_FIELDS), UNIFIED | CLOUD_RUN | _facets("trace_id", status=STATUSES))

TRACER = _facets(
    "http.method http.route http.url http.useragent error.type error.message error.stack component language span.kind "
    "peer.service out.host flask.endpoint flask.url_rule runtime-id _top_level",
    "duration http.status_code",
)
"""The attributes that ddtrace and Datadog set on spans."""
SPAN = Source(
    "span",
    TRACER | _facets(" ".join(tag for span in SPANS for tag in span.tags if tag not in TRACER)),
    UNIFIED
    | _facets("type span.kind trace_id")
    | {
        "operation_name": Facet(values=tuple(span.operation for span in SPANS)),
        "resource_name": Facet(values=tuple(resource for span in SPANS for resource in span.resources)),
        "status": Facet(values=("ok", "error")),
    },
)

RUM_TYPES = ("session", "view", "action", "error", "resource", "long_task", "vital")
RUM = Source(
    "RUM",
    _facets(
        "application.id application.name session.id view.id view.name view.url view.url_path view.url_path_group "
        "view.referrer view.loading_type action.id action.name action.target.name error.message error.source "
        "error.type error.handling error.fingerprint resource.url resource.type resource.method vital.name "
        "vital.type usr.id usr.name usr.email geo.country geo.city browser.name browser.version device.type os.name "
        "_dd.trace_id issue.id",
        "view.loading_time view.time_spent view.first_contentful_paint view.largest_contentful_paint "
        "view.interaction_to_next_paint view.cumulative_layout_shift view.error.count view.action.count "
        "view.resource.count action.loading_time action.error.count session.view.count session.error.count "
        "resource.duration resource.status_code resource.size long_task.duration vital.duration duration",
        type=RUM_TYPES,
        session__type=("user", "synthetics", "ci_test"),
        action__type=("click", "tap", "scroll", "swipe", "back", "custom"),
        action__frustration__type=("rage_click", "dead_click", "error_click", "rage_tap", "error_tap"),
    ),
    UNIFIED,
    open=("context.", "usr."),
)
"""https://docs.datadoghq.com/real_user_monitoring/application_monitoring/browser/data_collected"""

CI_PIPELINES = Source(
    "CI pipeline",
    _facets(
        "ci.pipeline.name ci.pipeline.id ci.pipeline.url ci.stage.name ci.job.name ci.provider.name git.branch "
        "git.commit.sha git.repository.name git.repository.id git.repository_url git.commit.author.email error.type "
        "error.message error.domain",
        "duration ci.queue_time",
        ci__status=("success", "error", "canceled", "skipped", "blocked", "running"),
    ),
    UNIFIED | _facets("", ci_level=("pipeline", "stage", "job", "step", "command")),
)
CI_TESTS = Source(
    "CI test",
    _facets(
        "test.name test.suite test.module test.service test.framework test.command test.is_flaky test.is_new "
        "test.is_known_flaky git.branch git.commit.sha git.repository.name git.repository.id git.repository_url "
        "ci.pipeline.name error.type error.message",
        "duration",
        test__status=("pass", "fail", "skip"),
    ),
    UNIFIED | _facets("", test_level=("session", "module", "suite", "test"), type=("test",)),
)
"""https://docs.datadoghq.com/continuous_integration and /tests: the facets of both explorers."""

LLM = Source(
    "LLM Observability",
    _facets(
        "ml_app trace_id span_id parent_id session_id name model_name model_provider content.prompt "
        "content.response.content error.type error.message input.value output.value",
        "duration",
        event_type=("span", "trace", "session"),
        status=("ok", "error"),
        span_kind=("llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"),
    ),
    UNIFIED | _facets("ml_app model_name model_provider span_kind"),
    open=("evaluations.", "evaluation.", "metrics.", "meta.", "tags."),
)
"""https://docs.datadoghq.com/llm_observability/monitoring/querying"""

DECLARED = {
    "logs": LOGS,
    "spans": SPAN,
    "rum": RUM,
    "ci-pipelines": CI_PIPELINES,
    "ci-tests": CI_TESTS,
    "llm-observability": LLM,
}


def _with_kinds() -> dict[str, Source]:
    """Return the sources by track, with the facets of the contract's own kinds of event."""
    sources = dict(DECLARED)
    for kind in EVENT_KINDS:
        source = sources.get(kind.track, Source(kind.track, {}, UNIFIED))
        tags = {tag.key: Facet(values=source.tags.get(tag.key, Facet()).values + tag.values) for tag in kind.tags}
        sources[kind.track] = replace(source, fields=_declared(kind.fields) | source.fields, tags=source.tags | tags)
    return sources


_ALIASES = {
    "logs": ("logs_stream", "logs_pattern_stream"),
    "spans": ("trace-analytics", "trace_stream"),
    "rum": ("rum_stream", "product_analytics"),
    "ci-pipelines": ("ci_pipelines", "ci_pipeline_stream"),
    "ci-tests": ("ci_tests", "ci_test_stream"),
    "llm-observability": ("llm_observability", "llm_observability_stream"),
    "events": ("event_stream",),
}
"""The names of a source in formula queries and streams."""
SOURCES: Mapping[str, Source] = {
    name: source for track, source in _with_kinds().items() for name in (track, *_ALIASES.get(track, ()))
}
"""The sources by their names in monitors, formula queries and streams.

The contract has no facets of any other source: the syntax of its searches is checked, their facets are not."""
