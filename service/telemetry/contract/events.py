"""Events other than log lines: those of Product Analytics, and those that monitors search."""

from service.telemetry.contract.kinds import EventKind, LogField
from service.telemetry.contract.spans import SPANS
from service.telemetry.contract.tags import Tag

ENDPOINT_CALLED, FEATURE_USED, ANSWER_FEEDBACK, ANSWER_ACCEPTED = (
    "endpoint_called", "feature_used", "answer_feedback", "answer_accepted",
)  # fmt: skip
ANALYTICS_EVENTS = {
    ENDPOINT_CALLED: "an endpoint was called: `endpoint`, `status`",
    FEATURE_USED: "a chat was answered: `feature`, `model`, `conversation`",
    ANSWER_FEEDBACK: "a person rated an answer: `rating`, `model`",
    ANSWER_ACCEPTED: "the conversion: an answer was rated up",
}
"""The events that the server sends to Product Analytics, by name."""

_STATUS = Tag("status", ("ok", "error"))
SPAN_EVENTS = EventKind(
    "spans",
    "every span of a request, as indexed",
    tuple(LogField(path, "string", "a span's tag") for path in sorted({tag for span in SPANS for tag in span.tags})),
    (
        Tag("operation_name", tuple(sorted({span.operation for span in SPANS}))),
        Tag("resource_name", bounded_by="the resources of SPANS"),
        _STATUS,
    ),
)
LLM_EVENTS = EventKind(
    "llm-observability",
    "a chat or a call to Gemini, as LLM Observability keeps it",
    (
        LogField("ml_app", "string", "the application"),
        LogField("meta.span.kind", "string", "workflow or llm", values=("workflow", "llm")),
        LogField("meta.model_name", "string", "the model", always=False),
        LogField("metrics.input_tokens", "integer", "tokens that Gemini read", always=False),
        LogField("metrics.output_tokens", "integer", "tokens that Gemini wrote", always=False),
        LogField("duration", "integer", "nanoseconds"),
    ),
    (Tag("ml_app", bounded_by="one for each service"), _STATUS),
)
ERROR_EVENTS = EventKind(
    "error-tracking",
    "an error that Error Tracking grouped into an issue, from error logs and spans with a stack",
    (
        LogField("issue.id", "string", "the issue"),
        LogField("error.type", "string", "the exception's type"),
        LogField("error.message", "string", "its text", always=False),
    ),
    source="derived",
    origin="error logs and spans (https://docs.datadoghq.com/error_tracking/)",
)
RUM_TYPES = ("session", "view", "action", "error", "resource", "long_task", "vital")
RUM_EVENTS = EventKind(
    "rum",
    "what the browser saw of the web page",
    (
        LogField("type", "string", "what kind of event", values=RUM_TYPES),
        LogField("view.largest_contentful_paint", "integer", "nanoseconds until the main part showed", always=False),
        LogField("error.source", "string", "where an error came from", always=False),
    ),
    source="external",
    origin="people's browsers (https://docs.datadoghq.com/real_user_monitoring/)",
)  # fmt: skip
DEPLOYMENT_EVENTS = EventKind(
    "events",
    "a version was deployed, as reported to POST /datadog/ci/deployment",
    (),
    (Tag("event_type", ("deployment",)), Tag("source", bounded_by="the integration that reports it"), _STATUS),
)
WATCHDOG_EVENTS = EventKind(
    "events",
    "a Watchdog story",
    (),
    (
        Tag("source", ("watchdog",)),
        Tag("story_category", ("apm", "infrastructure", "logs")),
        Tag("story_key", bounded_by="the stories"),
    ),
    source="external",
    origin="Watchdog (https://docs.datadoghq.com/watchdog/)",
)
PIPELINE_EVENTS = EventKind(
    "ci-pipelines",
    "a pipeline, stage, job or step ended",
    (
        LogField(
            "ci.status",
            "string",
            "how it ended",
            values=("success", "error", "canceled", "skipped", "blocked", "running"),
        ),
        LogField("ci.pipeline.name", "string", "which pipeline"),
        LogField("git.branch", "string", "on which branch", always=False),
    ),
    (Tag("ci_level", ("pipeline", "stage", "job", "step")),),
    source="external",
    origin="the CI system (https://docs.datadoghq.com/continuous_integration/)",
)
TEST_EVENTS = EventKind(
    "ci-tests",
    "a test of the project ran",
    (
        LogField("test.status", "string", "how it ended", values=("pass", "fail", "skip")),
        LogField("test.name", "string", "which test"),
        LogField("test.suite", "string", "of which suite"),
        LogField("git.branch", "string", "on which branch", always=False),
    ),
    (Tag("test_level", ("test", "suite", "module", "session")),),
    source="external",
    origin="the CI system's test runs (https://docs.datadoghq.com/tests/)",
)
EVENT_KINDS = (
    SPAN_EVENTS, LLM_EVENTS, ERROR_EVENTS, RUM_EVENTS, DEPLOYMENT_EVENTS, WATCHDOG_EVENTS, PIPELINE_EVENTS, TEST_EVENTS,
)  # fmt: skip
"""All kinds of events that a monitor may search, other than log lines."""
