"""Forms that several families share: errors as JSON:API objects, moments with a Z, references to users."""

from firedrill.sandbox.datadog.serving import ApiError, Call
from firedrill.sandbox.datadog.store import Body

TITLES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


def typed(status: int, detail: str | None = None) -> ApiError:
    """``{"status", "title", "detail"}``."""
    error = {"status": str(status), "title": TITLES[status]}
    return ApiError(status, error if detail is None else {**error, "detail": detail})


def generic(status: int, detail: str) -> ApiError:
    """``{"title": "Generic Error", "detail"}``."""
    return ApiError(status, {"title": "Generic Error", "detail": detail})


def zulu(call: Call) -> str:
    """Now: ``2026-11-24T02:31:00.123456Z``."""
    return call.now.isoformat(timespec="microseconds").replace("+00:00", "Z")


def user_reference(call: Call) -> Body:
    """A relationship to the person of the keys."""
    return {"data": {"id": call.me["id"], "type": "users"}}


def embedded_user(call: Call) -> Body:
    """The person of the keys where an answer embeds it."""
    return embedded(call.me)


def embedded(user: Body) -> Body:
    """A user where an answer embeds it."""
    keys = ("uuid", "handle", "email", "name", "icon")
    return {"data": {"type": "users", "id": user["id"], "attributes": {key: user["attributes"][key] for key in keys}}}
