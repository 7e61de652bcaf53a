"""Metrics that the service does not send: Datadog computes them from what arrives, or another system sends them."""

from service.telemetry.contract.kinds import Count, Distribution, Gauge
from service.telemetry.contract.tags import CACHED, MODEL, OUTCOME, Tag

RESOURCE_NAME = Tag(
    "resource_name", bounded_by="the service's routes, each with its method, as Datadog writes a tag: `post_/v1/chat`"
)
STATUS_CODE = Tag("http.status_code", bounded_by="HTTP's status codes")
_TRACE_TAGS = (RESOURCE_NAME, STATUS_CODE)
_FLASK = "spans flask.request (https://docs.datadoghq.com/tracing/metrics/metrics_namespace/)"

REQUEST_HITS = Count("trace.flask.request.hits", "hit", _TRACE_TAGS, "requests", "derived", _FLASK)
REQUEST_ERRORS = Count(
    "trace.flask.request.errors", "error", _TRACE_TAGS, "requests that ended with an error", "derived", _FLASK
)
REQUEST_DURATION = Distribution(
    "trace.flask.request", "second", _TRACE_TAGS, "how long requests took", "derived", _FLASK, percentiles=True
)

_LLM_TAGS = (
    Tag("error", ("0", "1")),
    Tag("ml_app", bounded_by="one for each service"),
    Tag("model_name", bounded_by="the names in service/llm/models.py"),
    Tag("model_provider", ("google",)),
    Tag("span_kind", ("workflow", "llm")),
)
_LLM = "LLM Observability spans (https://docs.datadoghq.com/llm_observability/monitoring/metrics/)"

LLM_SPANS = Count("ml_obs.span", "span", _LLM_TAGS, "LLM Observability spans", "derived", _LLM)
LLM_SPAN_ERRORS = Count("ml_obs.span.error", "error", _LLM_TAGS, "such spans with an error", "derived", _LLM)
LLM_SPAN_DURATION = Distribution(
    "ml_obs.span.duration", "second", _LLM_TAGS, "how long such spans took", "derived", _LLM, percentiles=True
)
LLM_AMOUNTS = tuple(
    Distribution(f"ml_obs.span.llm.{part}.{what}", unit, _LLM_TAGS, f"{part} {what} of a call", "derived", _LLM)
    for what, unit in (("tokens", "token"), ("cost", "nanodollar"))
    for part in ("input", "output", "total")
)

# Declared in infra/org/: Datadog computes them from everything that arrives, also from what no index keeps.
_FROM_SPANS = "metric from spans (https://docs.datadoghq.com/tracing/trace_pipeline/generate_metrics/)"
_FROM_LOGS = "metric from logs (https://docs.datadoghq.com/logs/log_configuration/logs_to_metrics/)"
_FROM_RUM = "metric from RUM events (https://docs.datadoghq.com/real_user_monitoring/platform/generate_metrics/)"

PROVIDER_DURATION = Distribution(
    "llm.provider.duration", "nanosecond", (MODEL,), "how long calls to Gemini took", "derived", _FROM_SPANS,
    percentiles=True,
)  # fmt: skip
PROVIDER_ERRORS = Count(
    "llm.provider.errors", "error", (MODEL,), "calls to Gemini that failed, repeated or not", "derived", _FROM_SPANS
)

COST_BAND = Tag("cost_band", ("free", "ordinary", "noticeable", "expensive"))
STATUS_FAMILY = Tag("status_family", ("ok", "caller_error", "error"))
ENDPOINT = Tag("endpoint", bounded_by="the service's routes below /datadog")
PRODUCT_FEATURE = Tag(
    "product_feature",
    ("chat", "incidents", "notebooks", "on_call", "workflows", "synthetics", "log_pipelines", "ci", "errors", "other"),
)
CHAT_LINES = Count(
    "llm.logs.chats", "event", (MODEL, OUTCOME, CACHED), "log lines of chats, indexed or not", "derived", _FROM_LOGS
)
CHAT_LINE_COST = Distribution(
    "llm.logs.cost", "dollar", (MODEL, COST_BAND), "list price of chats by their log lines", "derived", _FROM_LOGS
)
REDACTIONS = Count(
    "llm.logs.redactions", "event", (), "log lines in which the scanner found what the service should have redacted",
    "derived", _FROM_LOGS,
)  # fmt: skip
ENDPOINT_CALLS = Count(
    "llm.product.endpoint_calls", "request", (ENDPOINT, STATUS_FAMILY), "calls of the service's endpoints",
    "derived", _FROM_LOGS,
)  # fmt: skip
FEATURE_USES = Count(
    "llm.product.feature_uses", "request", (PRODUCT_FEATURE,), "uses of what the service offers", "derived", _FROM_LOGS
)

ASK_SUBMITTED, ANSWER_SHOWN, ANSWER_RATED = "ask_submitted", "answer_shown", "answer_rated"
WEB_ACTIONS = (ASK_SUBMITTED, ANSWER_SHOWN, ANSWER_RATED, "answer_copied", "retry", "fallback_shown")
"""The actions of people on the chat page, by the name that the page gives to RUM (``DD_RUM.addAction``)."""
WEB_SERVICE = "llm-web"
"""The ``service`` of the chat page's RUM events."""
ACTION = Tag("action", WEB_ACTIONS)
VIEW = Tag("view", bounded_by="the page's views")
ERROR_SOURCE = Tag("source", ("agent", "console", "custom", "logger", "network", "report", "source", "webview"))
WEB_ASKS = Count("llm.web.asks", "event", (), "questions asked on the page", "derived", _FROM_RUM)
WEB_ACTION_COUNTS = Count("llm.web.actions", "event", (ACTION,), "what people did on the page", "derived", _FROM_RUM)
WEB_CONVERSIONS = Count(
    "llm.web.conversions", "event", (), "answers that somebody rated up: what the page is for", "derived", _FROM_RUM
)
WEB_PAINT = Distribution(
    "llm.web.largest_contentful_paint", "nanosecond", (VIEW,), "until the page's main part showed", "derived",
    _FROM_RUM, percentiles=True,
)  # fmt: skip
WEB_WAIT = Distribution(
    "llm.web.answer_wait", "nanosecond", (), "how long the browser waited for an answer, network included", "derived",
    _FROM_RUM, percentiles=True,
)  # fmt: skip
WEB_ERRORS = Count("llm.web.errors", "error", (ERROR_SOURCE,), "errors that the page saw", "derived", _FROM_RUM)

FROM_SPANS = (PROVIDER_DURATION, PROVIDER_ERRORS)
FROM_LOGS = (CHAT_LINES, CHAT_LINE_COST, REDACTIONS, ENDPOINT_CALLS, FEATURE_USES)
FROM_RUM = (WEB_ASKS, WEB_ACTION_COUNTS, WEB_CONVERSIONS, WEB_PAINT, WEB_WAIT, WEB_ERRORS)

DERIVED = (
    REQUEST_HITS,
    REQUEST_ERRORS,
    REQUEST_DURATION,
    LLM_SPANS,
    LLM_SPAN_ERRORS,
    LLM_SPAN_DURATION,
    *LLM_AMOUNTS,
    *FROM_SPANS,
    *FROM_LOGS,
    *FROM_RUM,
)

_CLOUD_RUN_TAGS = (
    Tag("service_name", bounded_by="the Cloud Run services"),
    Tag("revision_name", bounded_by="the Cloud Run revisions"),
    Tag("location", bounded_by="Google Cloud's regions"),
    Tag("project_id", bounded_by="the Google Cloud projects"),
)
_CLOUD_RUN = "Google Cloud integration (https://docs.datadoghq.com/integrations/google_cloud_run/)"

CLOUD_RUN_REQUESTS = Count(
    "gcp.run.request_count",
    "request",
    (*_CLOUD_RUN_TAGS, Tag("response_code_class", ("1xx", "2xx", "3xx", "4xx", "5xx"))),
    "requests that reached the revision",
    "external",
    _CLOUD_RUN,
)
CLOUD_RUN_INSTANCES = Gauge(
    "gcp.run.container.instance_count",
    "container",
    (*_CLOUD_RUN_TAGS, Tag("state", ("active", "idle"))),
    "instances that exist",
    "external",
    _CLOUD_RUN,
)

EXTERNAL = (CLOUD_RUN_REQUESTS, CLOUD_RUN_INSTANCES)
