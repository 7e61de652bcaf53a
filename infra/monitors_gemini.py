"""What Gemini does to the service: throttling, failing calls, retries, answers that never end."""

from infra.alert import Alert, Count, Incident
from infra.objectives import (
    FAILED_CALLS,
    RETRY_RATIO,
    RUN_ON_ANSWERS,
    RUN_ON_TOKENS,
    THROTTLED_CALLS,
)
from infra.workflows import ENABLE_CACHE

GEMINI_THROTTLED = Alert(
    key="gemini-throttled",
    title="Gemini throttles",
    type="log alert",
    query=(
        'logs("service:$service env:$env @outcome:throttled").index("*").rollup("count").by("@model").last("5m")'
        " > $critical"
    ),
    limit=THROTTLED_CALLS,
    says="Gemini refused {{value}} chats with 429 for {{[@model].name}} in 5 minutes; the limit is $limit ($because).",
    impact="each of these chats was refused; the quota of this model is used up, and other models have their own.",
    look_first=(
        "How much gets through? `sum:llm.chat.requests{$scope} by {model,outcome}.as_count()`",
        "Who sends more than usual? logs `service:$service env:$env @event:chat` by @model, compared with last week",
        "The quota: Google Cloud console, IAM & Admin, Quotas, aiplatform.googleapis.com",
    ),
    priority=2,
    switches_model_of="[@model].name",
    missing_data="default",
)

THROTTLING_REACHES_USERS = Alert(
    key="throttling-reaches-users",
    title="throttling reaches users",
    type="composite",
    query="$gemini_throttled && $requests_fail",
    limit=None,
    says="Gemini throttles and requests fail: the quota is why, and the switch has not helped yet.",
    impact="users are refused, and the cause is known: look at the quota and at the workflow, not at the code.",
    look_first=(
        "Did the workflow run? Workflow Automation, switch-model, last runs",
        "Which model answers now? `GET /v1/control` on the service",
        "Is the fallback throttled too? logs `service:$service env:$env @outcome:throttled` by @model",
    ),
    priority=2,
    incident=Incident("SEV-2", "provider"),
    starts=(ENABLE_CACHE,),
)

RETRIES_MULTIPLY = Alert(
    key="retries-multiply",
    title="calls are repeated too often",
    type="query alert",
    query=(
        "sum(last_15m):default_zero(sum:llm.chat.retries{$scope} by {model}.as_count())"
        " / (sum:llm.chat.requests{$scope} by {model}.as_count() + $guard) > $critical"
    ),
    limit=RETRY_RATIO,
    says="Each chat with {{model.name}} took {{value}} repeated calls in the last 15 minutes; the limit is $limit "
    "($because).",
    impact="chats are slower and cost more; when the retries no longer help, they fail.",
    look_first=(
        "Why? `sum:llm.chat.retries{$scope} by {model,reason}.as_count()`",
        "Do chats fail already? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()`",
        "How much slower? `p95:llm.chat.latency{$scope} by {model}`",
    ),
    priority=3,
    missing_data="resolve",
)

GEMINI_CALLS_FAIL = Alert(
    key="gemini-calls-fail",
    title="calls to Gemini fail",
    type="trace-analytics alert",
    query='formula("failed / (made + $guard)").last("15m") > $critical',
    counts={
        "failed": Count("spans", "service:$service env:$env operation_name:google_genai.request status:error"),
        "made": Count("spans", "service:$service env:$env operation_name:google_genai.request"),
    },
    limit=FAILED_CALLS,
    says="{{value}} of the calls to Gemini ended with an error in the last 15 minutes; the limit is $limit ($because).",
    impact="chats wait for the retries; the first of them fail.",
    look_first=(
        "Which error? traces `service:$service env:$env operation_name:google_genai.request status:error`",
        "Which model? `sum:ml_obs.span.error{$scope,span_kind:llm} by {model_name}.as_count()`",
        "Google's side? Google Cloud's status page, Vertex AI",
    ),
    priority=2,
    missing_data="default",
)

ANSWERS_RUN_ON = Alert(
    key="answers-run-on",
    title="answers do not end",
    type="llm-observability alert",
    query=(
        'llm-observability("@ml_app:$service env:$env @meta.span.kind:llm @metrics.output_tokens:>'
        f'{RUN_ON_TOKENS}").rollup("count").last("15m") > $critical'
    ),
    limit=RUN_ON_ANSWERS,
    says=f"Gemini wrote {{{{value}}}} answers of more than {RUN_ON_TOKENS} tokens in 15 minutes; the limit is $limit "
    "($because).",
    impact="money, and users who watch the same sentence again and again.",
    look_first=(
        "What do they say? LLM Observability, traces, `@meta.span.kind:llm`, sorted by output tokens",
        "Since a deploy? `avg:llm.chat.tokens{$scope,direction:output} by {version}`",
        "One model? `avg:ml_obs.span.llm.output.tokens{$scope} by {model_name}`",
    ),
    priority=3,
    missing_data="default",
)

ALERTS = (GEMINI_THROTTLED, THROTTLING_REACHES_USERS, RETRIES_MULTIPLY, GEMINI_CALLS_FAIL, ANSWERS_RUN_ON)
