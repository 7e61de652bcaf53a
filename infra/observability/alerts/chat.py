"""Alerts on chats: slow, failing, empty and blocked answers."""

from dataclasses import replace

from infra.objectives import (
    ERROR_RATIO,
    SLOW_CHAT,
    SLOW_FIRST_TOKEN,
    SLOW_MEDIAN,
    SLOW_SMALL_MODEL,
    Threshold,
)
from infra.observability.alerts.alert import Alert

ALERTS = (
    # The mean of each minute's p95, not the p95 of all chats: at night, with a chat a minute or none, the p95 would be
    # a single slow chat.
    Alert(
        key="chat-slow",
        title="Chat latency p95 above $limit by model",
        type="query alert",
        query="avg(last_10m):p95:llm.chat.latency{$scope} by {model} > $critical",
        limit=SLOW_CHAT,
        description="Chat latency p95 with {{model.name}} averaged {{value}} s over the last 10 minutes.",
        impact="one user in twenty waits longer than they accept, and leaves.",
        look_first=(
            "Gemini or our own code? `p95:ml_obs.span.duration{$scope,span_kind:llm} by {model_name}` beside "
            "`p95:trace.flask.request{$scope}`",
            "Longer answers? `avg:llm.chat.tokens{$scope,direction:output} by {model}`",
            "Retries? logs `service:$service env:$env @outcome:(throttled OR timeout)` by @model",
        ),
        priority=3,
        switches_model_of="model.name",
        # After a switch the slow model gets no more chats: its group has no data and the alert recovers.
        missing_data="resolve",
    ),
    # A p95 says nothing of the usual chat: it can stay while every second chat takes twice as long. When both are above
    # their limits, chat-slow has notified the team already.
    Alert(
        key="signal-median-slow",
        title="Signal: chat latency p50 above $limit by model",
        type="query alert",
        query="avg(last_30m):p50:llm.chat.latency{$scope} by {model} > $critical",
        limit=SLOW_MEDIAN,
        description="Half of the chats with {{model.name}} took longer than {{value}} s over the last 30 minutes.",
        priority=4,
        missing_data="resolve",
        signal=True,
    ),
    # The mean p95 of ten minutes, as chat-slow has it, at its highest in the last half hour: until the minutes of
    # chat-slow have left the window of the median, too.
    Alert(
        key="signal-slow-lately",
        title="Signal: chat latency p95 was above $limit by model",
        type="query alert",
        query=("max(last_30m):moving_rollup(p95:llm.chat.latency{$scope} by {model}, 600, 'avg') > $critical"),
        limit=replace(SLOW_CHAT, warning=None),
        description="Chat latency p95 with {{model.name}} averaged {{value}} s over ten of the last 30 minutes.",
        priority=4,
        missing_data="resolve",
        signal=True,
    ),
    # Its members have the same groups, so that {{model.name}} has a value here, too:
    # https://docs.datadoghq.com/monitors/notify/variables/#composite-monitor-variables
    Alert(
        key="chat-median-slow",
        title=f"Chat latency p50 above {SLOW_MEDIAN} by model",
        type="composite",
        query="$signal_median_slow && !$signal_slow_lately",
        description=f"Half of the chats with {{{{model.name}}}} took longer than {SLOW_MEDIAN} for half an hour, "
        "while the p95 stayed within its limit.",
        impact="most users wait noticeably longer than usual, even if it is still bearable.",
        look_first=(
            "Longer answers? `avg:llm.chat.tokens{$scope,direction:output} by {model}`",
            "Gemini or our own code? `p50:ml_obs.span.duration{$scope,span_kind:llm} by {model_name}` beside "
            "`p50:trace.flask.request{$scope}`",
            "Since a deployment? `p50:llm.chat.latency{$scope} by {version}`",
        ),
        priority=4,
    ),
    Alert(
        key="small-model-slow",
        title="Chat latency p95 of the small model above $limit",
        type="query alert",
        query="avg(last_30m):p95:llm.chat.latency{$scope,model:$fallback} > $critical",
        limit=SLOW_SMALL_MODEL,
        description="Chat latency p95 with $fallback averaged {{value}} s over the last 30 minutes.",
        impact="callers who chose the small model for its speed wait, and it is a worse fallback.",
        look_first=(
            "Longer answers? `avg:llm.chat.tokens{$scope,direction:output,model:$fallback}`",
            "Was the model switched to it? logs `service:$service env:$env @event:control` by @value",
            "Retries? `sum:llm.chat.retries{$scope,model:$fallback} by {reason}.as_count()`",
        ),
        priority=4,
        missing_data="resolve",
    ),
    Alert(
        key="first-token-slow",
        title="Time to first token p95 above $limit by model",
        type="query alert",
        query="avg(last_10m):p95:llm.chat.time_to_first_token{$scope} by {model} > $critical",
        limit=SLOW_FIRST_TOKEN,
        description="Time to first token p95 of {{model.name}} averaged {{value}} s over the last 10 minutes.",
        impact="users see no sign of an answer and ask again.",
        look_first=(
            "Are whole answers slow too? `p95:llm.chat.latency{$scope} by {model}`",
            "Longer prompts? `avg:llm.chat.tokens{$scope,direction:input} by {model}`",
            "New instances starting? `sum:trace.flask.request.hits{$scope} by {version}.as_count()`",
        ),
        priority=3,
        missing_data="resolve",
    ),
    # Chats in both terms: health checks would dilute the share when there are few chats.
    Alert(
        key="requests-fail",
        title="Chat errors above $limit",
        type="query alert",
        query=(
            "sum(last_10m):default_zero(sum:trace.flask.request.errors{$scope,resource_name:post_/v1/chat}.as_count())"
            " / (sum:trace.flask.request.hits{$scope,resource_name:post_/v1/chat}.as_count() + $guard) > $critical"
        ),
        limit=ERROR_RATIO,
        description="The share of chats that ended with an error was {{value}} over the last 10 minutes.",
        impact="users see an error page instead of an answer.",
        look_first=(
            "Only chats? `sum:trace.flask.request.errors{$scope} by {resource_name}.as_count()`",
            "Which error? logs `service:$service env:$env status:error` by @error.kind",
            "Since a deployment? `sum:trace.flask.request.errors{$scope} by {version}.as_count()`",
        ),
        priority=2,
        missing_data="default",
    ),
    Alert(
        key="callers-refused",
        title="Refused chats (4xx) above $limit",
        type="query alert",
        query=(
            "sum(last_30m):default_zero(sum:llm.chat.requests{$scope,outcome:caller_error}.as_count())"
            " / (sum:llm.chat.requests{$scope}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.4,
            "of chats",
            warning=0.2,
            recovery=0.2,
            guard=60,
            because="callers make mistakes in one chat of fifty, and so many are a broken client or our own change",
        ),
        description="The share of chats that the service refused as the caller's error was {{value}} over 30 minutes.",
        impact="a client, or every client, gets no answer. No SLO counts it.",
        look_first=(
            "Since a deployment of ours? `sum:llm.chat.requests{$scope,outcome:caller_error} by {version}.as_count()`",
            "One kind of client? `sum:llm.chat.requests{$scope,outcome:caller_error} by {feature}.as_count()`",
            "Why? logs `service:$service env:$env @outcome:caller_error` by @error.message",
        ),
        priority=3,
        missing_data="default",
    ),
    # By service, of which there is one: a group exists once it had data, so that a new account does not alert.
    Alert(
        key="signal-no-chats",
        title="Signal: chats fewer than $limit",
        type="query alert",
        query="sum(last_30m):sum:llm.chat.requests{$scope,!feature:synthetics} by {service}.as_count() < $critical",
        limit=Threshold(1, "chat in 30 minutes", because="even the quietest night has a chat every few minutes"),
        description="No chat with {{service.name}} was recorded for 30 minutes, beside those of synthetic tests.",
        priority=4,
        missing_data="default",
        signal=True,
    ),
    Alert(
        key="signal-requests-reported",
        title="Signal: requests above $limit",
        type="query alert",
        query="sum(last_30m):default_zero(sum:trace.flask.request.hits{$scope}.as_count()) > $critical",
        limit=Threshold(
            60,
            "in 30 minutes",
            recovery=50,
            because="the health check alone sends three a minute, so that traces arrived for most of the time",
        ),
        description="Requests, health checks among them, were reported for most of the last 30 minutes.",
        priority=4,
        missing_data="default",
        signal=True,
    ),
    # Without any request, telemetry-stops notifies. Over the same window as the chats, so that this alert stays
    # quiet when requests are back and the first chat is not.
    Alert(
        key="chats-vanish",
        title="No chats, while other requests arrive",
        type="composite",
        query="$signal_no_chats && $signal_requests_reported",
        description="No chat with $service was recorded for 30 minutes, beside those of synthetic tests, while other "
        "requests were.",
        impact="users do not reach the service, or its metrics are lost and the alerts on chats are blind.",
        look_first=(
            "Do traces have chats? `sum:trace.flask.request.hits{$scope,resource_name:post_/v1/chat}.as_count()`: then "
            "DogStatsD is lost, not traffic",
            "Does the page ask? RUM, actions of service:llm-web",
            "Does Cloud Run get requests? `sum:gcp.run.request_count{service_name:$service}.as_count()`",
        ),
        priority=2,
    ),
    Alert(
        key="answers-empty",
        title="Empty answers above $limit by model",
        type="query alert",
        query=(
            "sum(last_10m):default_zero(sum:llm.chat.requests{$scope,outcome:empty} by {model}.as_count())"
            " / (sum:llm.chat.requests{$scope} by {model}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.05,
            "of chats",
            warning=0.02,
            recovery=0.02,
            guard=20,
            because="an answer without text is a failure with status 200",
        ),
        description="The share of chats with {{model.name}} that got no text was {{value}} over the last 10 minutes.",
        impact="users get an error message instead of an answer.",
        look_first=(
            "Why did Gemini stop? logs `service:$service env:$env @outcome:empty` by @error.message",
            "One model? `sum:llm.chat.requests{$scope,outcome:empty} by {model}.as_count()`",
            "Since a deployment? `sum:llm.chat.requests{$scope,outcome:empty} by {version}.as_count()`",
        ),
        priority=2,
        missing_data="resolve",
    ),
    Alert(
        key="answers-blocked",
        title="Blocked answers above $limit by model",
        type="query alert",
        query=(
            "sum(last_10m):default_zero(sum:llm.chat.requests{$scope,outcome:blocked} by {model}.as_count())"
            " / (sum:llm.chat.requests{$scope} by {model}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.15,
            "of chats",
            warning=0.08,
            recovery=0.08,
            guard=20,
            because="one in two hundred is usual, and more means that a prompt or a filter changed, or an attack",
        ),
        description="The share of chats with {{model.name}} that Gemini's safety filters blocked was {{value}} over "
        "the last 10 minutes.",
        impact="users with ordinary questions are refused.",
        look_first=(
            "Which filter? logs `service:$service env:$env @outcome:blocked` by @error.message",
            "Since a deployment that changed the prompt? "
            "`sum:llm.chat.requests{$scope,outcome:blocked} by {version}.as_count()`",
            "One model? `sum:llm.chat.requests{$scope,outcome:blocked} by {model}.as_count()`",
        ),
        priority=3,
        missing_data="resolve",
    ),
)
