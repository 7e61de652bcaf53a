"""Alerts on Gemini: throttling, failed calls, retries, and answers that do not end."""

from infra.objectives import THROTTLED_CALLS, Threshold
from infra.observability.alerts.alert import Alert, Count, Incident
from infra.observability.workflows.workflows import ENABLE_CACHE

RUNAWAY_TOKENS = 2000
"""Output tokens of a runaway answer: just below MAX_OUTPUT_TOKENS (2048); usual answers have hundreds."""

ALERTS = (
    Alert(
        key="gemini-throttled",
        title="Gemini throttling (429) above $limit by model",
        type="log alert",
        query=(
            'logs("service:$service env:$env @outcome:throttled").index("*").rollup("count").by("@model").last("5m")'
            " > $critical"
        ),
        limit=THROTTLED_CALLS,
        description="Gemini refused {{value}} chats with {{[@model].name}} with status 429 in the last 5 minutes.",
        impact="these chats were refused. The quota of this model is used up; other models have their own.",
        look_first=(
            "How much gets through? `sum:llm.chat.requests{$scope} by {model,outcome}.as_count()`",
            "More chats than usual? logs `service:$service env:$env @event:chat` by @model, compared with last week",
            "The quota: Google Cloud console, IAM & Admin, Quotas, aiplatform.googleapis.com",
        ),
        priority=2,
        switches_model_of="[@model].name",
        missing_data="default",
    ),
    Alert(
        key="throttling-reaches-users",
        title="Gemini throttling causes chat errors",
        type="composite",
        query="$gemini_throttled && $requests_fail",
        description="Gemini throttles and chats fail: the quota is used up, and switching the model has not helped.",
        impact="users are refused. Look at the quota and the workflow, not at the code.",
        look_first=(
            "Did the workflow run? Workflow Automation, switch-model, last runs",
            "Which model answers now? `GET /v1/control` on the service",
            "Is the fallback throttled too? logs `service:$service env:$env @outcome:throttled` by @model",
        ),
        priority=2,
        incident=Incident("SEV-2", "provider"),
        workflows=(ENABLE_CACHE,),
    ),
    Alert(
        key="retries-multiply",
        title="Gemini retries above $limit by model",
        type="query alert",
        query=(
            "sum(last_15m):default_zero(sum:llm.chat.retries{$scope} by {model}.as_count())"
            " / (sum:llm.chat.requests{$scope} by {model}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.07,
            "per chat",
            warning=0.04,
            recovery=0.04,
            guard=20,
            because="the service retries a tenth of its calls at most, and beyond that users see the failures",
        ),
        description="Chats with {{model.name}} needed {{value}} retries each over the last 15 minutes.",
        impact="chats are slower and cost more. When retries no longer help, chats fail.",
        look_first=(
            "Why? `sum:llm.chat.retries{$scope} by {model,reason}.as_count()`",
            "Do chats fail already? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()`",
            "How much slower? `p95:llm.chat.latency{$scope} by {model}`",
        ),
        priority=3,
        missing_data="resolve",
    ),
    Alert(
        key="gemini-calls-fail",
        title="Gemini call errors above $limit",
        type="trace-analytics alert",
        query='formula("failed / (made + $guard)").last("15m") > $critical',
        counts={
            "failed": Count("spans", "service:$service env:$env operation_name:google_genai.request status:error"),
            "made": Count("spans", "service:$service env:$env operation_name:google_genai.request"),
        },
        limit=Threshold(
            0.1,
            "of calls",
            warning=0.05,
            recovery=0.05,
            guard=20,
            because="retries hide one failed call in ten from users, and no more",
        ),
        description="The share of calls to Gemini that ended with an error was {{value}} over the last 15 minutes.",
        impact="chats wait for retries, and the first ones fail.",
        look_first=(
            "Which error? traces `service:$service env:$env operation_name:google_genai.request status:error`",
            "Which model? `sum:ml_obs.span.error{$scope,span_kind:llm} by {model_name}.as_count()`",
            "An outage at Google? Google Cloud's status page, Vertex AI",
        ),
        priority=2,
        missing_data="default",
    ),
    Alert(
        key="answers-run-on",
        title=f"Answers above {RUNAWAY_TOKENS} tokens: more than $limit",
        type="llm-observability alert",
        query=(
            'llm-observability("@ml_app:$service env:$env @meta.span.kind:llm @metrics.output_tokens:>'
            f'{RUNAWAY_TOKENS}").rollup("count").last("15m") > $critical'
        ),
        limit=Threshold(
            10,
            "in 15 minutes",
            warning=5,
            recovery=4,
            because="an answer that reaches the length limit is a loop in the text, which is paid for and not read",
        ),
        description=f"Gemini wrote {{{{value}}}} answers of more than {RUNAWAY_TOKENS} tokens in 15 minutes.",
        impact="cost, and users who watch the same sentence repeat.",
        look_first=(
            "What do they say? LLM Observability, traces, `@meta.span.kind:llm`, sorted by output tokens",
            "Since a deployment? `avg:llm.chat.tokens{$scope,direction:output} by {version}`",
            "One model? `avg:ml_obs.span.llm.output.tokens{$scope} by {model_name}`",
        ),
        priority=3,
        missing_data="default",
    ),
)
