"""Parts of responses that several families share: errors as JSON:API objects, timestamps, references to users."""

from firedrill.sandbox.datadog.http.handler import ApiError, Call
from firedrill.sandbox.datadog.store import Body

TITLES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


def titled_error(status: int, detail: str | None = None) -> ApiError:
    """Return an error ``{"status", "title", "detail"}``."""
    error = {"status": str(status), "title": TITLES[status]}
    return ApiError(status, error if detail is None else {**error, "detail": detail})


def generic_error(status: int, detail: str) -> ApiError:
    """Return an error ``{"title": "Generic Error", "detail"}``."""
    return ApiError(status, {"title": "Generic Error", "detail": detail})


def timestamp(call: Call) -> str:
    """Return the time of the call as ``2026-11-24T02:31:00.123456Z``."""
    return call.now.isoformat(timespec="microseconds").replace("+00:00", "Z")


def user_reference(call: Call) -> Body:
    """Return a relationship to the caller."""
    return {"data": {"id": call.me["id"], "type": "users"}}


def embedded_caller(call: Call) -> Body:
    """Return the caller as responses embed it."""
    return embedded_user(call.me)


def embedded_user(user: Body) -> Body:
    """Return a user as responses embed it."""
    keys = ("uuid", "handle", "email", "name", "icon")
    return {"data": {"type": "users", "id": user["id"], "attributes": {key: user["attributes"][key] for key in keys}}}
