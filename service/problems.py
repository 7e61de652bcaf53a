"""What the service answers when it cannot do what was asked: RFC 9457 problem documents, each with its outcome.

No text of a prompt or an answer may stand in one: titles and details go into logs and spans too.
"""

import json

from flask import Response


class Problem(Exception):
    """A request that ends without what was asked for. ``retry_after`` is in seconds."""

    status = 500
    outcome = "error"
    title = "The service failed"
    repeatable = False
    """Whether the same call may well succeed a moment later."""

    def __init__(
        self, detail: str, *, status: int | None = None, retry_after: int | None = None, repeatable: bool | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status or self.status
        self.retry_after = retry_after
        self.repeatable = self.repeatable if repeatable is None else repeatable
        self.kind = type(self).__name__

    def body(self, trace_id: str | None = None) -> dict[str, object]:
        """The problem document."""
        found: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "outcome": self.outcome,
        }
        return found | ({"trace_id": trace_id} if trace_id else {})

    def response(self, trace_id: str | None = None) -> Response:
        """The answer."""
        answer = Response(json.dumps(self.body(trace_id)), self.status, content_type="application/problem+json")
        if self.retry_after is not None:
            answer.headers["Retry-After"] = str(self.retry_after)
        return answer


class CallerError(Problem):
    """The request is wrong, and will be the next time too."""

    status = 400
    outcome = "caller_error"
    title = "The request is wrong"


class CallerGone(CallerError):
    """The caller closed the connection before the answer's end: nobody sees this status (it is nginx's)."""

    status = 499
    title = "The caller left"


class Throttled(Problem):
    """Gemini's quota for the model is used up."""

    status = 429
    outcome = "throttled"
    title = "Too many requests for this model"
    repeatable = True


class Blocked(Problem):
    """Gemini refused to answer this."""

    status = 422
    outcome = "blocked"
    title = "The model does not answer this"


class Empty(Problem):
    """Gemini answered without a word."""

    status = 502
    outcome = "empty"
    title = "The model gave no text"


class TimedOut(Problem):
    """Gemini did not finish in time."""

    status = 504
    outcome = "timeout"
    title = "The model took too long"


class ProviderFailed(Problem):
    """Gemini failed, or could not be understood or reached."""

    status = 502
    outcome = "provider_error"
    title = "The model's provider failed"


class Unavailable(Problem):
    """Something that the service needs for this is not there now."""

    status = 503
    title = "Not available now"
