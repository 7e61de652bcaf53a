"""Error Tracking: an error told on the request's entry span and in a log line, and what there was lately."""

import logging
import time
from collections import Counter

from ddtrace.trace import tracer
from pydantic import Field

from service.context import Context
from service.products.endpoint import Answer, Asked, Endpoint
from service.telemetry import TRACKED_ERROR_LOG

log = logging.getLogger(__name__)

HOUR_MILLISECONDS = 3_600_000


class Tracked(Asked):
    """An error that happened elsewhere."""

    error_message: str = Field(default="An error was reported", min_length=1, max_length=2000)
    error_type: str = Field(default="ReportedError", pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,199}$")
    stack: str = Field(default="", max_length=20_000)
    user_action: str = Field(default="", max_length=200)


class Window(Asked):
    """How far back."""

    hours: int = Field(default=24, ge=1, le=168)


def track(_: Context, asked: Tracked) -> Answer:
    """``POST /datadog/error-tracking/track``."""
    # Error Tracking groups by the entry span's type, message and frames: without frames there is no issue.
    stack = asked.stack or f'  File "reported", line 1, in {asked.user_action or "api"}\n{asked.error_type}'
    root = tracer.current_root_span()
    if root is not None:
        root.error = 1
        root.set_tags({"error.type": asked.error_type, "error.message": asked.error_message, "error.stack": stack})
    error = {"kind": asked.error_type, "message": asked.error_message, "stack": stack}
    extra = {"event": TRACKED_ERROR_LOG.event, "error": error} | (
        {"user_action": asked.user_action} if asked.user_action else {}
    )
    log.error("an error was reported", extra=extra)
    return {"error_type": asked.error_type, "trace_id": f"{root.trace_id:032x}" if root else None}


def summary(context: Context, asked: Window) -> Answer:
    """``GET /datadog/error-tracking/summary``."""
    now = int(time.time() * 1000)
    service = f"service:{context.settings.service}"
    wanted = {"query": service, "from": now - asked.hours * HOUR_MILLISECONDS, "to": now, "track": "trace"}
    body = {"data": {"type": "search_request", "attributes": wanted}}
    issues = context.datadog.call("v2.ErrorTrackingApi.search_issues", body, include=["issue"])
    details = {one["id"]: one.get("attributes") or {} for one in issues.get("included") or ()}
    search = {"filter": {"query": f"{service} status:error", "from": f"now-{asked.hours}h", "to": "now"},
              "page": {"limit": 1000}}  # fmt: skip
    spans = context.datadog.call("v2.SpansApi.list_spans", {"data": {"type": "search_request", "attributes": search}})[
        "data"
    ]
    kinds = Counter(_kind(one["attributes"]) for one in spans)
    return {
        "hours": asked.hours,
        "issues": [
            {
                "id": one["id"],
                "count": (one.get("attributes") or {}).get("total_count"),
                "error_type": details.get(one["id"], {}).get("error_type"),
                "state": details.get(one["id"], {}).get("state"),
            }
            for one in issues["data"]
        ],
        "spans_with_errors": len(spans),
        "by_type": dict(kinds.most_common()),
    }


def _kind(span: dict[str, object]) -> str:
    custom = span.get("custom")
    error = custom.get("error") if isinstance(custom, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    return str(kind or "unknown")


ENDPOINTS = (
    Endpoint("POST", "/error-tracking/track", "Track an error", "error.* tags of the entry span, and a log line",
             Tracked, track),
    Endpoint("GET", "/error-tracking/summary", "Summarize errors",
             "ErrorTrackingApi.search_issues, SpansApi.list_spans (v2)", Window, summary),
)  # fmt: skip
