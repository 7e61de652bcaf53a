"""The ways in which a request can fail, as exceptions: each has a status, an outcome and an RFC 9457 document.

Titles and details go into answers, logs and spans: they never quote a prompt or an answer.
"""

INTERNAL_ERROR = "the service made a mistake; its log has the trace"


class Problem(Exception):
    """A request that fails. ``retry_after`` is in seconds."""

    status = 500
    outcome = "error"
    title = "The service failed"
    repeatable = False
    """True where the same call may succeed a moment later."""

    def __init__(
        self, detail: str, *, status: int | None = None, retry_after: int | None = None, repeatable: bool | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status or self.status
        self.retry_after = retry_after
        self.repeatable = self.repeatable if repeatable is None else repeatable
        self.kind = type(self).__name__

    @property
    def is_service_error(self) -> bool:
        """True for what Error Tracking must see: failures of the service and of Gemini, not the caller's mistakes."""
        return self.status >= 500 or isinstance(self, Throttled)

    def document(self, trace_id: str | None = None) -> dict[str, object]:
        """Return the problem document."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "outcome": self.outcome,
        }
        return document | ({"trace_id": trace_id} if trace_id else {})


def internal_error(error: Exception) -> Problem:
    """Return the problem for an unexpected exception. Its text may quote a prompt, so it is left out."""
    problem = Problem(INTERNAL_ERROR).with_traceback(error.__traceback__)
    problem.kind = type(error).__name__
    return problem


class CallerError(Problem):
    """A wrong request, which fails again when it is repeated."""

    status = 400
    outcome = "caller_error"
    title = "The request is wrong"


class CallerGone(CallerError):
    """A connection that the caller closed before the answer's end. Nobody receives this status, which is nginx's."""

    status = 499
    title = "The caller left"


class Throttled(Problem):
    """Gemini's quota for the model is used up."""

    status = 429
    outcome = "throttled"
    title = "Too many requests for this model"
    repeatable = True


class Blocked(Problem):
    """Gemini refused to answer."""

    status = 422
    outcome = "blocked"
    title = "The model does not answer this"


class Empty(Problem):
    """Gemini's answer has no text."""

    status = 502
    outcome = "empty"
    title = "The model gave no text"


class TimedOut(Problem):
    """Gemini did not finish in time."""

    status = 504
    outcome = "timeout"
    title = "The model took too long"


class ProviderFailed(Problem):
    """Gemini failed, could not be reached, or sent what cannot be read."""

    status = 502
    outcome = "provider_error"
    title = "The model's provider failed"


class Unavailable(Problem):
    """A dependency or a setting that the request needs is missing now."""

    status = 503
    title = "Not available now"
