"""The tags of emitted telemetry, each with all its values or with what bounds them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tag:
    """A tag key. ``values`` are all that occur; where they are empty, ``bounded_by`` says what bounds them."""

    key: str
    values: tuple[str, ...] = ()
    bounded_by: str = ""


OUTCOMES = ("ok", "caller_error", "throttled", "blocked", "empty", "timeout", "provider_error", "error")
"""The ways in which a chat ends, from the caller's view; ``error`` is a mistake of the service itself."""
YES_NO = ("true", "false")

ENV = Tag("env", bounded_by="one for each stack")
SERVICE = Tag("service", bounded_by="one for each service")
VERSION = Tag("version", bounded_by="one for each revision of the image")
CONSTANT_TAGS = (ENV, SERVICE, VERSION)
"""Datadog's unified service tags, which all telemetry has."""

NO_MODEL = "none"
MODEL = Tag("model", bounded_by="the names in service/llm/models.py, and `none` for a request refused before a choice")
OUTCOME = Tag("outcome", OUTCOMES)
STREAM = Tag("stream", YES_NO)
CACHED = Tag("cached", YES_NO)
DIRECTION = Tag("direction", ("input", "output"))
RETRY_REASON = Tag("reason", ("throttled", "provider_error"))
STATE_REASON = Tag("reason", ("unavailable", "malformed"))
ROUTE = Tag("route", ("/v1/chat",))
FEATURE = Tag("feature", ("api", "chat_page", "synthetics", "other"))
CALLER_BUCKETS = 64
CALLER = Tag("caller", bounded_by="64 buckets of hashed callers, `00` to `63`: see service/api/callers.py")
INLINE_EVALUATIONS = ("complete", "no_refusal", "no_repetition")
GRADED_EVALUATIONS = ("instruction_following", "safety")
EVALUATION = Tag("evaluation", (*INLINE_EVALUATIONS, *GRADED_EVALUATIONS))
VERDICT = Tag("verdict", ("pass", "fail"))
DETECTOR = Tag("detector", ("prompt_injection", "data_leak"))
RATING = Tag("rating", ("up", "down"))
BUDGET_REASON = Tag("reason", ("tokens", "cost"))
