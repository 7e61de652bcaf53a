"""Whether answers are any good, and whether somebody is trying to make them bad."""

from infra.alert import Alert, Incident
from infra.objectives import BAD_ANSWERS, INJECTIONS, LEAKS, OPEN_BREAKERS, REFUSED_FOR_BUDGET, UNHAPPY

ANSWERS_WORSEN = Alert(
    key="answers-worsen",
    title="answers get worse",
    type="query alert",
    query=(
        "sum(last_30m):default_zero(sum:llm.chat.evaluations{$scope,verdict:fail} by {model,evaluation}.as_count())"
        " / (sum:llm.chat.evaluations{$scope} by {model,evaluation}.as_count() + $guard) > $critical"
    ),
    limit=BAD_ANSWERS,
    says="{{value}} of the sampled answers of {{model.name}} failed the evaluation {{evaluation.name}} in the last 30 "
    "minutes; the limit is $limit ($because).",
    impact="users get answers that are cut off, declined, repeated or wrong, with status 200.",
    look_first=(
        "Since a deploy? `sum:llm.chat.evaluations{$scope,verdict:fail} by {version,evaluation}.as_count()`",
        "Was the model switched? logs `service:$service env:$env @event:control` by @value",
        "What do such answers look like? LLM Observability, traces of $service with this evaluation failed",
    ),
    priority=2,
    missing_data="resolve",
    incident=Incident("SEV-3", "quality"),
)

PROMPT_INJECTIONS = Alert(
    key="prompt-injections",
    title="somebody tries prompt injection",
    type="query alert",
    query=(
        "sum(last_15m):default_zero(sum:llm.chat.detections{$scope,detector:prompt_injection}.as_count()) > $critical"
    ),
    limit=INJECTIONS,
    says="{{value}} chats of the last 15 minutes look like prompt injection; the limit is $limit ($because).",
    impact="none yet: a detector only tells. What the model answered must be looked at.",
    look_first=(
        "One caller? logs `service:$service env:$env @event:signal @signal:prompt_injection` by @caller",
        "Which rule? logs `service:$service env:$env @event:signal @signal:prompt_injection` by @rule",
        "Did it work? `sum:llm.chat.detections{$scope,detector:data_leak}.as_count()`",
    ),
    priority=3,
    missing_data="default",
)

DATA_LEAKS = Alert(
    key="data-leaks",
    title="an answer holds private data",
    type="query alert",
    query="sum(last_15m):default_zero(sum:llm.chat.detections{$scope,detector:data_leak}.as_count()) > $critical",
    limit=LEAKS,
    says="{{value}} answers of the last 15 minutes hold private data that no question gave ($because).",
    impact="somebody has seen what belongs to somebody else; the law may ask for a report within days.",
    look_first=(
        "What kind of data? logs `service:$service env:$env @event:signal @signal:data_leak` by @rule",
        "One caller? logs `service:$service env:$env @event:signal @signal:data_leak` by @caller",
        "Since a deploy? `sum:llm.chat.detections{$scope,detector:data_leak} by {version}.as_count()`",
    ),
    priority=1,
    missing_data="default",
    incident=Incident("SEV-2", "safety"),
)

USERS_UNHAPPY = Alert(
    key="users-unhappy",
    title="people rate answers down",
    type="query alert",
    query=(
        "sum(last_4h):default_zero(sum:llm.chat.feedback{$scope,rating:down} by {model}.as_count())"
        " / (sum:llm.chat.feedback{$scope} by {model}.as_count() + $guard) > $critical"
    ),
    limit=UNHAPPY,
    says="{{value}} of the ratings of {{model.name}} in the last 4 hours were thumbs down; the limit is $limit "
    "($because).",
    impact="people are unhappy with answers that no evaluation finds fault with.",
    look_first=(
        "Since a deploy? `sum:llm.chat.feedback{$scope,rating:down} by {version}.as_count()`",
        "Do evaluations agree? `sum:llm.chat.evaluations{$scope,verdict:fail} by {evaluation}.as_count()`",
        "Or are chats slow? `p95:llm.chat.latency{$scope} by {model}`",
    ),
    priority=4,
    missing_data="resolve",
)

BREAKER_OPENS = Alert(
    key="breaker-opens",
    title="a model is given up",
    type="query alert",
    query="sum(last_15m):default_zero(sum:llm.chat.breaker_opens{$scope} by {model}.as_count()) > $critical",
    limit=OPEN_BREAKERS,
    says="Processes gave {{model.name}} up {{value}} times in 15 minutes; the limit is $limit ($because).",
    impact="chats with this model are refused at once, without asking Gemini.",
    look_first=(
        "What failed before? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()`",
        "Does it come back? logs `service:$service env:$env @event:breaker` by @state",
        "Is it the quota? logs `service:$service env:$env @outcome:throttled` by @model",
    ),
    priority=2,
    missing_data="resolve",
    switches_model_of="model.name",
)

BUDGETS_SPENT = Alert(
    key="budgets-spent",
    title="a caller's budget is spent",
    type="query alert",
    query="sum(last_1h):default_zero(sum:llm.budget.refusals{$scope}.as_count()) > $critical",
    limit=REFUSED_FOR_BUDGET,
    says="{{value}} chats of the last hour were refused since their caller's budget is spent; the limit is $limit "
    "($because).",
    impact="one caller is refused until the hour ends; nobody else notices.",
    look_first=(
        "Who? `sum:llm.chat.cost{$scope} by {caller}.as_count()`",
        "Tokens or dollars? `sum:llm.budget.refusals{$scope} by {reason}.as_count()`",
        "For what? `sum:llm.chat.cost{$scope} by {feature}.as_count()`",
    ),
    priority=4,
    missing_data="default",
)

ALERTS = (ANSWERS_WORSEN, PROMPT_INJECTIONS, DATA_LEAKS, USERS_UNHAPPY, BREAKER_OPENS, BUDGETS_SPENT)
