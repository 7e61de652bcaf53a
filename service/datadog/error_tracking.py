"""Error Tracking: errors reported on the request's entry span and in a log line, and a summary of recent ones."""

import logging
import time
from collections import Counter
from datetime import UTC, datetime

from ddtrace.trace import tracer
from pydantic import Field

from service.context import Context
from service.datadog import app_links, evidence
from service.datadog.endpoint import Endpoint, Json, Parameters
from service.datadog.evidence import TopError
from service.telemetry import TRACKED_ERROR_LOG

log = logging.getLogger(__name__)

HOUR_MILLISECONDS = 3_600_000


class TrackedError(Parameters):
    """An error that happened elsewhere."""

    error_message: str = Field(default="An error was reported", min_length=1, max_length=2000)
    error_type: str = Field(default="ReportedError", pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,199}$")
    stack: str = Field(default="", max_length=20_000)
    user_action: str = Field(default="", max_length=200)


class Window(Parameters):
    """A time window that ends now."""

    hours: int = Field(default=24, ge=1, le=168)


def track_error(_: Context, error: TrackedError) -> Json:
    """Report an error: ``POST /datadog/error-tracking/track``."""
    # Error Tracking groups by the entry span's type, message and frames: without frames there is no issue.
    stack = error.stack or f'  File "reported", line 1, in {error.user_action or "api"}\n{error.error_type}'
    root = tracer.current_root_span()
    if root is not None:
        root.error = 1
        root.set_tags({"error.type": error.error_type, "error.message": error.error_message, "error.stack": stack})
    fields = {"kind": error.error_type, "message": error.error_message, "stack": stack}
    extra = {"event": TRACKED_ERROR_LOG.event, "error": fields} | (
        {"user_action": error.user_action} if error.user_action else {}
    )
    log.error("an error was reported", extra=extra)
    return {"error_type": error.error_type, "trace_id": f"{root.trace_id:032x}" if root else None}


def summarize_errors(context: Context, window: Window) -> Json:
    """Return the issues and the failed requests of a window: ``GET /datadog/error-tracking/summary``.

    A failed request counts once, by its entry span: the spans below it carry the same failure under other names.
    """
    datadog, now = context.datadog, int(time.time() * 1000)
    service = f"service:{context.settings.service}"
    attributes = {"query": service, "from": now - window.hours * HOUR_MILLISECONDS, "to": now, "track": "trace"}
    request = {"data": {"type": "search_request", "attributes": attributes}}
    issues = datadog.call("v2.ErrorTrackingApi.search_issues", request, include=["issue"])
    details = {issue["id"]: issue.get("attributes") or {} for issue in issues.get("included") or ()}
    errors = evidence.failed_requests(datadog, window.hours)
    types = Counter[str]()
    for error in errors:
        types[error.kind] += error.count
    site = context.settings.datadog_site
    return {
        "hours": window.hours,
        "issues": [_issue(site, issue, details.get(issue["id"], {})) for issue in issues["data"]],
        "failed_requests": types.total(),
        "by_type": dict(types.most_common()),
        "errors": [_error(site, error) for error in errors],
    }


def _issue(site: str, issue: Json, details: Json) -> Json:
    """Return an issue of Error Tracking; its times as RFC 3339."""
    versions = {details.get("first_seen_version"), details.get("last_seen_version")} - {None, ""}
    return {
        "id": issue["id"],
        "count": (issue.get("attributes") or {}).get("total_count"),
        "error_type": details.get("error_type"),
        "message": details.get("error_message"),
        "state": details.get("state"),
        "first_seen": _rfc3339(details.get("first_seen")),
        "last_seen": _rfc3339(details.get("last_seen")),
        "versions": sorted(versions),
        "link": app_links.issue(site, issue["id"]),
    }


def _error(site: str, error: TopError) -> Json:
    """Return an error that requests of the window failed with."""
    return {
        "error_type": error.kind,
        "message": error.message,
        "count": error.count,
        "first_seen": error.first_seen,
        "last_seen": error.last_seen,
        "versions": list(error.versions),
        "link": app_links.trace(site, error.trace_id) if error.trace_id else None,
    }


def _rfc3339(milliseconds: int | None) -> str | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds") if milliseconds else None


ENDPOINTS = (
    Endpoint("POST", "/error-tracking/track", "Track an error", "error.* tags of the entry span, and a log line",
             TrackedError, track_error),
    Endpoint("GET", "/error-tracking/summary", "Summarize errors",
             "ErrorTrackingApi.search_issues, SpansApi.list_spans (v2)", Window, summarize_errors),
)  # fmt: skip
