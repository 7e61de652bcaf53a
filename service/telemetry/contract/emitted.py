"""Metrics that the service sends, and the function of DogStatsD that sends them."""

from collections.abc import Mapping
from typing import Literal

from service.telemetry.contract.kinds import Count, Distribution, MetricType
from service.telemetry.contract.tags import (
    BUDGET_REASON,
    CACHED,
    CALLER,
    DETECTOR,
    DIRECTION,
    EVALUATION,
    FEATURE,
    MODEL,
    OUTCOME,
    RATING,
    RETRY_REASON,
    ROUTE,
    STATE_REASON,
    STREAM,
    VERDICT,
)

CHAT_REQUESTS = Count(
    "llm.chat.requests",
    "request",
    (MODEL, OUTCOME, STREAM, CACHED, ROUTE, FEATURE),
    "a chat ended, 1 for each request",
)
CHAT_LATENCY = Distribution(
    "llm.chat.latency",
    "second",
    (MODEL, OUTCOME, STREAM),
    "from the request's arrival to the answer's last byte",
    percentiles=True,
)
TIME_TO_FIRST_TOKEN = Distribution(
    "llm.chat.time_to_first_token",
    "second",
    (MODEL,),
    "from the request's arrival to the first piece of a streamed answer",
    percentiles=True,
)
CHAT_TOKENS = Distribution(
    "llm.chat.tokens", "token", (MODEL, DIRECTION), "tokens of a chat that Gemini bills; thoughts count as output"
)
CHAT_COST = Count(
    "llm.chat.cost",
    "dollar",
    (MODEL, ROUTE, FEATURE, CALLER),
    "list price of a chat, by the table in service/llm/models.py",
)
CHAT_EVALUATIONS = Count(
    "llm.chat.evaluations", "evaluation", (MODEL, EVALUATION, VERDICT), "a sampled answer was judged for its quality"
)
CHAT_DETECTIONS = Count("llm.chat.detections", "event", (DETECTOR,), "a detector found what it looks for in a chat")
CHAT_FEEDBACK = Count("llm.chat.feedback", "event", (MODEL, RATING), "a person rated an answer")
BREAKER_OPENS = Count(
    "llm.chat.breaker_opens", "event", (MODEL,), "a process stopped calling a model for a while, since it kept failing"
)
BUDGET_REFUSALS = Count(
    "llm.budget.refusals", "request", (BUDGET_REASON,), "a chat was refused: the caller's budget of the hour is spent"
)
CHAT_RETRIES = Count(
    "llm.chat.retries", "request", (MODEL, RETRY_REASON), "a call to Gemini was repeated, and why the first one failed"
)
STATE_READ_FAILURES = Count(
    "llm.state.read_failures",
    "error",
    (STATE_REASON,),
    "the shared run-time state could not be read; the last known one was used",
)

REDACTION_DROPS = Count(
    "llm.redaction.drops", "error", (), "a text was dropped whole, since it was too long or the redactor failed"
)

EMITTED = (
    REDACTION_DROPS,
    CHAT_REQUESTS,
    CHAT_LATENCY,
    TIME_TO_FIRST_TOKEN,
    CHAT_TOKENS,
    CHAT_COST,
    CHAT_RETRIES,
    CHAT_EVALUATIONS,
    CHAT_DETECTIONS,
    CHAT_FEEDBACK,
    BREAKER_OPENS,
    BUDGET_REFUSALS,
    STATE_READ_FAILURES,
)

SENT_AS: Mapping[MetricType, Literal["distribution"]] = {
    "distribution": "distribution",
    "count": "distribution",
    "gauge": "distribution",
}
"""The DogStatsD function for each kind. Cloud Run's agent takes distributions only."""
