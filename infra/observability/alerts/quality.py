"""Alerts on answer quality and safety, on ratings, and on chats that the service refuses by itself."""

from infra.objectives import BAD_ANSWERS, Threshold
from infra.observability.alerts.alert import Alert, Incident

ALERTS = (
    Alert(
        key="answers-worsen",
        title="Failed evaluations above $limit by model and evaluation",
        type="query alert",
        query=(
            "sum(last_30m):default_zero(sum:llm.chat.evaluations{$scope,verdict:fail} by {model,evaluation}.as_count())"
            " / (sum:llm.chat.evaluations{$scope} by {model,evaluation}.as_count() + $guard) > $critical"
        ),
        limit=BAD_ANSWERS,
        description="The share of sampled answers of {{model.name}} that failed the evaluation {{evaluation.name}} was "
        "{{value}} over the last 30 minutes.",
        impact="users get answers that are cut off, refused, repeated or wrong, with status 200.",
        look_first=(
            "Since a deployment? `sum:llm.chat.evaluations{$scope,verdict:fail} by {version,evaluation}.as_count()`",
            "Was the model switched? logs `service:$service env:$env @event:control` by @value",
            "What do they look like? LLM Observability, traces of $service that failed this evaluation",
        ),
        priority=2,
        missing_data="resolve",
        incident=Incident("SEV-3", "quality"),
    ),
    # By service, of which there is one: a group exists once it had data, so that a new account does not alert.
    Alert(
        key="evaluations-stop",
        title="No evaluations of answers: fewer than $limit",
        type="query alert",
        query="sum(last_4h):sum:llm.chat.evaluations{$scope} by {service}.as_count() < $critical",
        limit=Threshold(1, "in four hours", because="a sample of the answers is judged every minute"),
        description="{{service.name}} judged no answer for four hours.",
        impact="nobody notices answers that are cut off, refused or repeated, and the quality SLO counts them as good.",
        look_first=(
            "Are there chats? `sum:llm.chat.requests{$scope} by {outcome}.as_count()`",
            "Since a deployment? `sum:llm.chat.evaluations{$scope} by {version,evaluation}.as_count()` over a day",
            "Which error? logs `service:$service env:$env status:error` by @error.kind",
        ),
        priority=4,
        missing_data="default",
    ),
    Alert(
        key="prompt-injections",
        title="Prompt injection attempts above $limit",
        type="query alert",
        query=(
            "sum(last_15m):default_zero(sum:llm.chat.detections{$scope,detector:prompt_injection}.as_count())"
            " > $critical"
        ),
        limit=Threshold(
            10,
            "chats in 15 minutes",
            warning=5,
            recovery=2,
            because="single attempts are curiosity, and this many are an attack",
        ),
        description="{{value}} chats of the last 15 minutes look like prompt injection.",
        impact="none yet: the detector only reports. Check what the model answered.",
        look_first=(
            "One caller? logs `service:$service env:$env @event:signal @signal:prompt_injection` by @caller",
            "Which rule? logs `service:$service env:$env @event:signal @signal:prompt_injection` by @rule",
            "Did it work? `sum:llm.chat.detections{$scope,detector:data_leak}.as_count()`",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="data-leaks",
        title="Private data in answers",
        type="query alert",
        query="sum(last_15m):default_zero(sum:llm.chat.detections{$scope,detector:data_leak}.as_count()) > $critical",
        limit=Threshold(0, "answers", because="one answer with private data must be reported"),
        description="{{value}} answers of the last 15 minutes hold private data that was not in the question.",
        impact="a user has seen another person's data. The law may require a report within days.",
        look_first=(
            "What kind of data? logs `service:$service env:$env @event:signal @signal:data_leak` by @rule",
            "One caller? logs `service:$service env:$env @event:signal @signal:data_leak` by @caller",
            "Since a deployment? `sum:llm.chat.detections{$scope,detector:data_leak} by {version}.as_count()`",
        ),
        priority=1,
        missing_data="default",
        incident=Incident("SEV-2", "safety"),
    ),
    Alert(
        key="users-unhappy",
        title="Thumbs-down ratings above $limit by model",
        type="query alert",
        query=(
            "sum(last_4h):default_zero(sum:llm.chat.feedback{$scope,rating:down} by {model}.as_count())"
            " / (sum:llm.chat.feedback{$scope} by {model}.as_count() + $guard) > $critical"
        ),
        limit=Threshold(
            0.3,
            "of ratings",
            warning=0.2,
            recovery=0.15,
            guard=10,
            because="people rate mostly when they are unhappy, and a third is more than that explains",
        ),
        description="The share of thumbs-down ratings of {{model.name}} was {{value}} over the last 4 hours.",
        impact="users dislike answers that pass all evaluations.",
        look_first=(
            "Since a deployment? `sum:llm.chat.feedback{$scope,rating:down} by {version}.as_count()`",
            "Do evaluations agree? `sum:llm.chat.evaluations{$scope,verdict:fail} by {evaluation}.as_count()`",
            "Slow chats? `p95:llm.chat.latency{$scope} by {model}`",
        ),
        priority=4,
        missing_data="resolve",
    ),
    Alert(
        key="breaker-opens",
        title="Circuit breaker opened more than $limit by model",
        type="query alert",
        query="sum(last_15m):default_zero(sum:llm.chat.breaker_opens{$scope} by {model}.as_count()) > $critical",
        limit=Threshold(
            3,
            "times in 15 minutes",
            warning=1,
            recovery=1,
            because="each process has its own breaker, and several that open mean that the model is down",
        ),
        description="The circuit breaker for {{model.name}} opened {{value}} times in the last 15 minutes.",
        impact="chats with this model are refused at once, without a call to Gemini.",
        look_first=(
            "What failed before? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()`",
            "Does it close again? logs `service:$service env:$env @event:breaker` by @state",
            "The quota? logs `service:$service env:$env @outcome:throttled` by @model",
        ),
        priority=2,
        missing_data="resolve",
        switches_model_of="model.name",
    ),
    Alert(
        key="budgets-spent",
        title="Chats refused over caller budget: more than $limit",
        type="query alert",
        query="sum(last_1h):default_zero(sum:llm.budget.refusals{$scope}.as_count()) > $critical",
        limit=Threshold(
            50,
            "in an hour",
            warning=20,
            recovery=10,
            because="a caller who is refused so often is in a loop, or has too small a budget",
        ),
        description="{{value}} chats of the last hour were refused because their caller's budget is spent.",
        impact="one caller is refused until the hour ends. Nobody else is affected.",
        look_first=(
            "Which caller? `sum:llm.chat.cost{$scope} by {caller}.as_count()`",
            "Tokens or dollars? `sum:llm.budget.refusals{$scope} by {reason}.as_count()`",
            "Which feature? `sum:llm.chat.cost{$scope} by {feature}.as_count()`",
        ),
        priority=4,
        missing_data="default",
    ),
)
