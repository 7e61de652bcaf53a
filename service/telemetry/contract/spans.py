"""Spans of requests and calls, and the peers that the service calls."""

from service.telemetry.contract.kinds import SpanKind

PRODUCT_ROUTES = (
    "POST /datadog/synthetics/tests", "POST /datadog/synthetics/health-check", "GET /datadog/synthetics/tests",
    "POST /datadog/notebooks/root-cause-analysis", "POST /datadog/notebooks/cost-optimization",
    "POST /datadog/notebooks/anomaly-analysis", "POST /datadog/workflows/trigger/<workflow_id>",
    "POST /datadog/workflows/model-switch", "POST /datadog/oncall/page", "POST /datadog/oncall/critical-error",
    "GET /datadog/oncall/current/<schedule>", "POST /datadog/log-pipelines/llm-request",
    "POST /datadog/log-pipelines/cost", "POST /datadog/log-pipelines/security", "GET /datadog/log-pipelines",
    "POST /datadog/service-map/enhance-tags", "POST /datadog/service-map/track-dependency",
    "POST /datadog/ci/deployment", "POST /datadog/ci/test-result", "POST /datadog/ci/build",
    "POST /datadog/error-tracking/track", "GET /datadog/error-tracking/summary", "POST /datadog/incidents",
    "GET /datadog/incidents", "POST /datadog/incidents/<incident_id>", "POST /datadog/incidents/<incident_id>/resolve",
    "POST /datadog/incidents/<incident_id>/context", "GET /datadog/products", "GET /datadog/writes/<write_id>",
    "POST /datadog/writes/drain",
    "GET /openapi.json", "GET /docs", "GET /docs.js",
)  # fmt: skip
"""Resources of the request spans of all other endpoints."""

PAGE_ROUTES = ("GET /", "GET /config.js", "GET /static/<path:filename>")

GEMINI = "gemini"
PEERS = (GEMINI, "cloud-storage", "google-metadata", "datadog")
"""The peers that the service calls, by their names in the service map and the catalog."""
PLACE_TAGS = ("cloud_run.revision", "cloud_run.region", "cloud_run.instance", "git.commit.sha")

SPANS = (
    SpanKind(
        "flask.request",
        ("GET /health", "GET /ready", "POST /v1/chat", "POST /v1/feedback", "GET /v1/control", "POST /v1/control/model",
         "POST /v1/control/cache", *PAGE_ROUTES, *PRODUCT_ROUTES),
        "a request",
        tags=("http.status_code", *PLACE_TAGS),
    ),
    SpanKind("dependency", ("dependency",), "a dependency that a caller reported", tags=("peer.service", "span.kind")),
    SpanKind("chat", ("workflow",), "a chat, as LLM Observability's workflow", kind="workflow"),
    SpanKind(
        "google_genai.request",
        ("Models.generate_content", "Models.generate_content_stream"),
        "a call to Gemini with its tokens, made by the tracer",
        kind="llm",
        tags=("google_genai.request.model", "google_genai.request.provider", "peer.service", "span.kind"),
    ),
)  # fmt: skip
