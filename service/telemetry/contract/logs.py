"""Log lines: one kind for each ``event``, with its fields."""

from collections.abc import Mapping

from service.telemetry.contract.derived import COST_BAND, PRODUCT_FEATURE, STATUS_FAMILY
from service.telemetry.contract.kinds import LogEvent, LogField
from service.telemetry.contract.tags import DETECTOR, FEATURE, OUTCOMES, RATING, ROUTE, STATE_REASON

COMMON_FIELDS = (
    LogField("timestamp", "string", "when, RFC 3339 in UTC"),
    LogField("level", "string", "INFO, WARNING or ERROR", values=("INFO", "WARNING", "ERROR")),
    LogField("logger", "string", "the part of the service that writes it"),
    LogField("message", "string", "a sentence for people, without text of a prompt or an answer"),
    LogField("dd.trace_id", "string", "the trace, 32 hex digits", always=False),
    LogField("dd.span_id", "string", "the span", always=False),
    LogField("dd.service", "string", "unified service tag"),
    LogField("dd.env", "string", "unified service tag"),
    LogField("dd.version", "string", "unified service tag"),
    LogField("revision", "string", "the Cloud Run revision", always=False),
    LogField("region", "string", "the Google Cloud region", always=False),
    LogField("instance", "string", "the end of the Cloud Run instance's id", always=False),
    LogField("commit", "string", "the commit that the image was built from", always=False),
)
ERROR_FIELDS = (
    LogField("error.kind", "string", "the exception's type", always=False),
    LogField("error.message", "string", "what went wrong, without text of a prompt or an answer", always=False),
)

CHAT_LOG = LogEvent(
    "chat",
    "one line for each chat request, when it has ended",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("chat",)),
        LogField("outcome", "string", "how the chat ended", values=OUTCOMES),
        LogField("route", "string", "the route that answers", values=ROUTE.values),
        LogField("feature", "string", "what the chat was for, as the caller says", values=FEATURE.values),
        LogField("caller", "string", "the caller's bucket, `00` to `63`"),
        LogField("model", "string", "the model that was called"),
        LogField("model_asked", "string", "the retired name that the caller gave", always=False),
        LogField("http.status_code", "integer", "the status for the outcome, also of a stream that began with 200"),
        LogField("duration_seconds", "double", "from the request's arrival to the answer's last byte"),
        LogField("time_to_first_token_seconds", "double", "of a streamed answer", always=False),
        LogField("input_tokens", "integer", "tokens that Gemini read"),
        LogField("output_tokens", "integer", "tokens that Gemini wrote, thoughts included"),
        LogField("usage_estimated", "boolean", "whether the tokens were counted by characters", always=False),
        LogField("cost_usd", "double", "list price of the chat"),
        LogField("stream", "boolean", "whether the caller asked for events"),
        LogField("cached", "boolean", "whether the answer came from the cache"),
        LogField("history", "integer", "turns of the conversation that the model received"),
        LogField("retries", "integer", "calls to Gemini beyond the first"),
        *ERROR_FIELDS,
    ),
)
CONTROL_LOG = LogEvent(
    "control",
    "an operator or the workflow changed the shared run-time state",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("control",)),
        LogField("change", "string", "what was changed", values=("model", "cache")),
        LogField("value", "string", "what it is now"),
        LogField("reason", "string", "why, in the caller's words", always=False),
    ),
)
STATE_LOG = LogEvent(
    "state_read_failed",
    "the shared run-time state could not be read; once for each change of the reason",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("state_read_failed",)),
        LogField("reason", "string", "what failed", values=STATE_REASON.values),
        *ERROR_FIELDS,
    ),
)
PRODUCT_LOG = LogEvent(
    "product",
    "one line for each call to /datadog",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("product",)),
        LogField("endpoint", "string", "the route below /datadog"),
        LogField("http.status_code", "integer", "the answer's status"),
        *ERROR_FIELDS,
    ),
)
OUTBOX_LOG = LogEvent(
    "outbox",
    "a write to Datadog ended",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("outbox",)),
        LogField("kind", "string", "what was written"),
        LogField("status", "string", "how it ended", values=("sent", "refused", "given_up")),
        LogField("write_id", "string", "the id that the caller got"),
        LogField("attempts", "integer", "how often it was attempted"),
    ),
)
LOSS_LOG = LogEvent(
    "telemetry_lost",
    "Datadog's agent did not take telemetry of this process; one line in ten seconds at most",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("telemetry_lost",)),
        LogField("what", "string", "what was lost", values=("traces", "llm_spans", "metrics")),
        LogField("lost", "integer", "how many since the last such line"),
        LogField("lost_in_all", "integer", "how many since the process began"),
    ),
)
TRACKED_ERROR_LOG = LogEvent(
    "tracked_error",
    "an error that a caller reported",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("tracked_error",)),
        LogField("error.kind", "string", "its type"),
        LogField("error.message", "string", "its text"),
        LogField("error.stack", "string", "where it happened"),
        LogField("user_action", "string", "what the person did", always=False),
    ),
)
SIGNAL_LOG = LogEvent(
    "signal",
    "a detector found what it looks for in a chat; the chat goes on",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("signal",)),
        LogField("signal", "string", "which detector", values=DETECTOR.values),
        LogField("rule", "string", "which of its rules; never the text"),
        LogField("caller", "string", "the caller's bucket, `00` to `63`"),
    ),
)
FEEDBACK_LOG = LogEvent(
    "feedback",
    "a person rated an answer",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("feedback",)),
        LogField("rating", "string", "up or down", values=RATING.values),
        LogField("model", "string", "the model that answered"),
    ),
)
BREAKER_LOG = LogEvent(
    "breaker",
    "a process stopped calling a model, or calls it again",
    (
        *COMMON_FIELDS,
        LogField("event", "string", "which kind of line this is", values=("breaker",)),
        LogField("state", "string", "what it is now", values=("open", "closed")),
        LogField("model", "string", "the model"),
    ),
)
CHAT_EVENTS = (CHAT_LOG, CONTROL_LOG, STATE_LOG, SIGNAL_LOG, FEEDBACK_LOG, BREAKER_LOG)
PRODUCT_EVENTS = (PRODUCT_LOG, OUTBOX_LOG, TRACKED_ERROR_LOG, LOSS_LOG)
LOG_EVENTS: Mapping[str, LogEvent] = {event.event: event for event in (*CHAT_EVENTS, *PRODUCT_EVENTS)}

PIPELINE_FIELDS = (
    LogField("duration_band", "string", "how long the user waited", values=("fast", "noticeable", "slow")),
    LogField("cost_band", "string", "what the chat cost", values=COST_BAND.values),
    LogField("total_tokens", "integer", "tokens of a chat in both directions"),
    LogField("status_family", "string", "whose fault the answer's status is", values=STATUS_FAMILY.values),
    LogField("product_feature", "string", "which part of the service was used", values=PRODUCT_FEATURE.values),
    LogField("security_finding", "string", "why security should look", values=("withheld_text", "refused_caller")),
)
"""Fields that the declared log pipelines add (infra/observability/logs/pipelines.py). They are searched like the
others, and never emitted."""
