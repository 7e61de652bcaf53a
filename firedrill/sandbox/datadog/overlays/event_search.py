"""Search of RUM, CI test, CI pipeline and audit events: https://docs.datadoghq.com/api/latest/rum/ , audit/ ..."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from firedrill.sandbox.datadog.intake import event_pages
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, Handler, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

TRACKS = {
    "rum": ("rum", ("v2.list_rum_events", "v2.search_rum_events")),
    "citest": ("citest", ("v2.list_ci_app_test_events", "v2.search_ci_app_test_events")),
    "cipipeline": ("cipipeline", ("v2.list_ci_app_pipeline_events", "v2.search_ci_app_pipeline_events")),
    "audit": ("audit", ("v2.list_audit_logs", "v2.search_audit_logs")),
}
"""By track: the type of an event, and the operations that list and search."""


def asked(call: Call) -> Body:
    """The search of a body, or of the query string's ``filter[...]``, ``page[...]`` and ``sort``."""
    if call.operation.method == "POST":
        return call.body or {}
    found: Body = {"filter": {}, "page": {}, "sort": call.query.get("sort")}
    for name, value in call.query.items():
        outer, _, inner = name.rstrip("]").partition("[")
        if inner and outer in ("filter", "page"):
            found[outer][inner] = value
    return found


def following(call: Call, cursor: str) -> str:
    """Where the next page is: a list of the same filter."""
    body = asked(call)
    given = {
        f"{outer}[{inner}]": value for outer in ("filter", "page") for inner, value in (body.get(outer) or {}).items()
    }
    given |= {"page[cursor]": cursor} | ({"sort": body["sort"]} if body.get("sort") else {})
    path = call.operation.path.removesuffix("/search")
    return f"https://api.datadoghq.com{path}?{urlencode(sorted(given.items()))}"


def searching(track: str, kind: str) -> Callable[[Call], Answer]:
    """The handler of a track."""

    def search(call: Call) -> Answer:
        store = TelemetryStore(call.directory.store.path, call.org)
        try:
            page = event_pages.search(store, track, event_pages.request_of(asked(call), call.now.timestamp()))
        except InvalidPayload as error:
            raise ApiError(400, str(error)) from error
        data = [
            {"id": event_pages.event_id(row, time), "type": kind, "attributes": attributes}
            for row, time, attributes in page.events
        ]
        meta: Body = {"elapsed": 0, "request_id": uuid.uuid4().hex, "status": "done"}
        if page.cursor is None:
            return Answer({"data": data, "meta": meta})
        meta["page"] = {"after": page.cursor}
        return Answer({"data": data, "meta": meta, "links": {"next": following(call, page.cursor)}})

    return search


for _track, (_kind, _names) in TRACKS.items():
    _handler: Handler = searching(_track, _kind)
    serves(*_names, reads=True)(_handler)
