"""What users meet: slow, failing, empty and blocked answers."""

from infra.alert import Alert
from infra.objectives import (
    BLOCKED_RATIO,
    EMPTY_RATIO,
    ERROR_RATIO,
    SLOW_CHAT,
    SLOW_FIRST_TOKEN,
)

# The mean of the minutes' p95, not the p95 of all: at night, when a minute has one chat or none, one slow chat is
# averaged with its neighbours instead of being the p95 by itself.
CHAT_SLOW = Alert(
    key="chat-slow",
    title="chats are slow",
    type="query alert",
    query="avg(last_10m):p95:llm.chat.latency{$scope} by {model} > $critical",
    limit=SLOW_CHAT,
    says="In the last 10 minutes the p95 of each minute's chats with {{model.name}} was {{value}} s on average; the "
    "limit is $limit ($because).",
    impact="one user in twenty waits longer than they are willing to, and leaves.",
    look_first=(
        "Is it Gemini or us? `p95:ml_obs.span.duration{$scope,span_kind:llm} by {model_name}` beside "
        "`p95:trace.flask.request{$scope}`",
        "Longer answers than usual? `avg:llm.chat.tokens{$scope,direction:output} by {model}`",
        "Retries? logs `service:$service env:$env @outcome:(throttled OR timeout)` by @model",
    ),
    priority=3,
    switches_model_of="model.name",
    # After a switch nobody calls the slow model any more: its group has no data, and the alert is over.
    missing_data="resolve",
)

FIRST_TOKEN_SLOW = Alert(
    key="first-token-slow",
    title="the first words come late",
    type="query alert",
    query="avg(last_10m):p95:llm.chat.time_to_first_token{$scope} by {model} > $critical",
    limit=SLOW_FIRST_TOKEN,
    says="In the last 10 minutes the p95 of each minute's first tokens of {{model.name}} was {{value}} s on average; "
    "the limit is $limit ($because).",
    impact="a streamed answer looks as if nothing happened, and is asked for again.",
    look_first=(
        "Do whole answers take longer, too? `p95:llm.chat.latency{$scope} by {model}`",
        "Longer prompts? `avg:llm.chat.tokens{$scope,direction:input} by {model}`",
        "Do instances start? `sum:trace.flask.request.hits{$scope} by {version}.as_count()`",
    ),
    priority=3,
    missing_data="resolve",
)

# Chats on both sides: the health checks would dilute the share when few people chat.
REQUESTS_FAIL = Alert(
    key="requests-fail",
    title="chats fail",
    type="query alert",
    query=(
        "sum(last_10m):default_zero(sum:trace.flask.request.errors{$scope,resource_name:post_/v1/chat}.as_count())"
        " / (sum:trace.flask.request.hits{$scope,resource_name:post_/v1/chat}.as_count() + $guard) > $critical"
    ),
    limit=ERROR_RATIO,
    says="{{value}} of all chats ended with an error in the last 10 minutes; the limit is $limit ($because).",
    impact="users see an error page instead of an answer.",
    look_first=(
        "Chats only? `sum:trace.flask.request.errors{$scope} by {resource_name}.as_count()`",
        "Which error? logs `service:$service env:$env status:error` by @error.kind",
        "Since a deploy? `sum:trace.flask.request.errors{$scope} by {version}.as_count()`",
    ),
    priority=2,
    missing_data="default",
)

ANSWERS_EMPTY = Alert(
    key="answers-empty",
    title="answers are empty",
    type="query alert",
    query=(
        "sum(last_10m):default_zero(sum:llm.chat.requests{$scope,outcome:empty} by {model}.as_count())"
        " / (sum:llm.chat.requests{$scope} by {model}.as_count() + $guard) > $critical"
    ),
    limit=EMPTY_RATIO,
    says="{{value}} of the chats with {{model.name}} ended without any text in the last 10 minutes; the limit is "
    "$limit ($because).",
    impact="users get nothing and are told that it is an error of ours.",
    look_first=(
        "Why did Gemini stop? logs `service:$service env:$env @outcome:empty` by @error.message",
        "One model? `sum:llm.chat.requests{$scope,outcome:empty} by {model}.as_count()`",
        "Since a deploy? `sum:llm.chat.requests{$scope,outcome:empty} by {version}.as_count()`",
    ),
    priority=2,
    missing_data="resolve",
)

ANSWERS_BLOCKED = Alert(
    key="answers-blocked",
    title="answers are blocked",
    type="query alert",
    query=(
        "sum(last_10m):default_zero(sum:llm.chat.requests{$scope,outcome:blocked} by {model}.as_count())"
        " / (sum:llm.chat.requests{$scope} by {model}.as_count() + $guard) > $critical"
    ),
    limit=BLOCKED_RATIO,
    says="Gemini's filters blocked {{value}} of the chats with {{model.name}} in the last 10 minutes; the limit is "
    "$limit ($because).",
    impact="users with an ordinary question are told that it cannot be answered.",
    look_first=(
        "Which filter? logs `service:$service env:$env @outcome:blocked` by @error.message",
        "Since a deploy, which may have changed the prompt? "
        "`sum:llm.chat.requests{$scope,outcome:blocked} by {version}.as_count()`",
        "One model? `sum:llm.chat.requests{$scope,outcome:blocked} by {model}.as_count()`",
    ),
    priority=3,
    missing_data="resolve",
)

ALERTS = (CHAT_SLOW, FIRST_TOKEN_SLOW, REQUESTS_FAIL, ANSWERS_EMPTY, ANSWERS_BLOCKED)
