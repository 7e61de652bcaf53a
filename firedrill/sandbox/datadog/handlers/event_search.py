"""Search of RUM, CI test, CI pipeline and audit events: https://docs.datadoghq.com/api/latest/rum/ ."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, Handler, serves
from firedrill.sandbox.datadog.intake import event_search
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

TRACKS = {
    "rum": ("rum", ("v2.list_rum_events", "v2.search_rum_events")),
    "citest": ("citest", ("v2.list_ci_app_test_events", "v2.search_ci_app_test_events")),
    "cipipeline": ("cipipeline", ("v2.list_ci_app_pipeline_events", "v2.search_ci_app_pipeline_events")),
    "audit": ("audit", ("v2.list_audit_logs", "v2.search_audit_logs")),
}
"""By track: the type of an event, and the operations that list and search."""


def requested_search(call: Call) -> Body:
    """Return the search of a body, or of the parameters ``filter[...]``, ``page[...]`` and ``sort``."""
    if call.operation.method == "POST":
        return call.body or {}
    search: Body = {"filter": {}, "page": {}, "sort": call.query.get("sort")}
    for name, value in call.query.items():
        outer, _, inner = name.rstrip("]").partition("[")
        if inner and outer in ("filter", "page"):
            search[outer][inner] = value
    return search


def next_link(call: Call, cursor: str) -> str:
    """Return the URL of the next page, a list request with the same filter."""
    body = requested_search(call)
    parameters = {
        f"{outer}[{inner}]": value for outer in ("filter", "page") for inner, value in (body.get(outer) or {}).items()
    }
    parameters |= {"page[cursor]": cursor} | ({"sort": body["sort"]} if body.get("sort") else {})
    path = call.operation.path.removesuffix("/search")
    return f"https://api.datadoghq.com{path}?{urlencode(sorted(parameters.items()))}"


def search_handler(track: str, kind: str) -> Callable[[Call], ApiResponse]:
    """Return the handler that searches a track."""

    def search(call: Call) -> ApiResponse:
        store = TelemetryStore(call.directory.store.path, call.org)
        try:
            page = event_search.search_events(
                store, track, event_search.read_request(requested_search(call), call.now.timestamp())
            )
        except InvalidPayload as error:
            raise ApiError(400, str(error)) from error
        data = [
            {"id": event_search.event_id(row, time), "type": kind, "attributes": attributes}
            for row, time, attributes in page.events
        ]
        meta: Body = {"elapsed": 0, "request_id": uuid.uuid4().hex, "status": "done"}
        if page.cursor is None:
            return ApiResponse({"data": data, "meta": meta})
        meta["page"] = {"after": page.cursor}
        return ApiResponse({"data": data, "meta": meta, "links": {"next": next_link(call, page.cursor)}})

    return search


for _track, (_kind, _names) in TRACKS.items():
    _handler: Handler = search_handler(_track, _kind)
    serves(*_names, read_only=True)(_handler)
