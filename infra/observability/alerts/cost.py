"""Alerts on cost: of an hour, a caller, an answer, and of next week."""

from infra.objectives import COST_PER_ANSWER, COST_PER_HOUR, Threshold
from infra.observability.alerts.alert import Alert, Incident, Windows
from infra.observability.workflows.workflows import ENABLE_CACHE

LONG_PROMPT = 800
"""Input tokens below which a prompt is never an anomaly: twice the usual."""

ALERTS = (
    Alert(
        key="cost-runs-away",
        title="Chat cost above $limit in an hour",
        type="query alert",
        query="sum(last_1h):sum:llm.chat.cost{$scope}.as_count() > $critical",
        limit=COST_PER_HOUR,
        description="Chats cost {{value}} dollars in the last hour.",
        impact="cost only. Users notice nothing, so no other alert reports it.",
        look_first=(
            "Which model? `sum:llm.chat.cost{$scope} by {model}.as_count()`",
            "More chats or longer ones? `sum:llm.chat.requests{$scope}.as_count()` beside "
            "`avg:llm.chat.tokens{$scope} by {direction}`",
            "Which chats? logs `service:$service env:$env @cost_usd:>0.1`",
        ),
        priority=1,
        pages=True,
        missing_data="default",
        incident=Incident("SEV-2", "cost"),
        workflows=(ENABLE_CACHE,),
    ),
    Alert(
        key="caller-costs-most",
        title="Cost of one caller bucket above $limit",
        type="query alert",
        # At most a few of the callers' buckets can be above a quarter of the service's own limit.
        query="sum(last_1h):sum:llm.chat.cost{$scope} by {caller}.as_count() > $critical",
        limit=Threshold(
            5,
            "dollars an hour",
            warning=3,
            recovery=2,
            because="it is a quarter of the whole service's limit: a caller's loop, or a customer to talk to",
        ),
        description="Callers in bucket {{caller.name}} cost {{value}} dollars in the last hour.",
        impact="cost, and less of the shared quota for other callers.",
        look_first=(
            "Which feature? `sum:llm.chat.cost{$scope} by {caller,feature}.as_count()`",
            "More chats or longer ones? logs `service:$service env:$env @event:chat` by @caller",
            "Does their budget hold? `sum:llm.budget.refusals{$scope}.as_count()`",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="answers-cost-more",
        title="Mean answer cost above $limit",
        type="query alert",
        query=(
            "sum(last_30m):default_zero(sum:llm.chat.cost{$scope}.as_count())"
            " / (sum:llm.chat.requests{$scope,outcome:ok}.as_count() + $guard) > $critical"
        ),
        limit=COST_PER_ANSWER,
        description="An answer cost {{value}} dollars on average over the last 30 minutes.",
        impact="cost, at any traffic: the price per seat does not cover it.",
        look_first=(
            "Longer prompts or longer answers? `avg:llm.chat.tokens{$scope} by {direction}`",
            "Another model? `sum:llm.chat.cost{$scope} by {model}.as_count()`",
            "Since a deployment? `avg:llm.chat.tokens{$scope} by {version,direction}`",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="prompts-grow",
        title="Prompt length above its usual range in $limit",
        type="query alert",
        query=(
            f"avg(last_4h):anomalies(clamp_min(avg:llm.chat.tokens{{$scope,direction:input}}, {LONG_PROMPT}), "
            "'basic', 4, direction='above', "
            "alert_window='last_30m', interval=300, count_default_zero='true') >= $critical"
        ),
        limit=Threshold(
            0.8,
            "of the last half hour",
            warning=0.5,
            recovery=0.1,
            because="prompts do not grow by themselves: something adds text to them",
        ),
        windows=Windows(trigger="last_30m", recovery="last_15m"),
        description="Prompts are longer than usual: the share of the last half hour above the usual range was "
        "{{value}}.",
        impact="each chat costs more and takes longer, and Gemini gets text that it did not get before.",
        look_first=(
            "How much longer? `avg:llm.chat.tokens{$scope,direction:input} by {model}`",
            "Since a deployment? `avg:llm.chat.tokens{$scope,direction:input} by {version}`",
            "Which chats? logs `service:$service env:$env @input_tokens:>2000`",
        ),
        priority=3,
        missing_data="default",
    ),
    Alert(
        key="answers-lengthen",
        title="Answer length up by more than $limit",
        type="query alert",
        # Not by model: at night a model has a few answers an hour, whose mean says little.
        query="pct_change(avg(last_1h),4h_ago):avg:llm.chat.tokens{$scope,direction:output} > $critical",
        limit=Threshold(
            100,
            "% in four hours",
            warning=60,
            recovery=50,
            because="twice the tokens are twice the cost and the latency, which no release may do unnoticed",
        ),
        description="Answers are {{value}} % longer than four hours ago.",
        impact="each chat costs more and takes longer: a prompt or the model has changed.",
        look_first=(
            "Since when? `avg:llm.chat.tokens{$scope,direction:output} by {model}` over a day",
            "Since a deployment? `avg:llm.chat.tokens{$scope,direction:output} by {version}`",
            "Was the model switched? logs `service:$service env:$env @event:control` by @value",
        ),
        priority=4,
        missing_data="default",
    ),
    Alert(
        key="spend-outgrows-budget",
        title="Chat cost forecast above $limit within a week",
        type="query alert",
        query=(
            "max(next_1w):forecast(sum:llm.chat.cost{$scope}.as_count(), 'linear', 1, interval='24h', history='1w', "
            "model='default') >= $critical"
        ),
        limit=Threshold(
            150,
            "dollars a day",
            warning=120,
            recovery=100,
            because="the month's budget is 4,500 dollars, and raising it takes a week",
        ),
        description="At last week's trend, chats will cost {{value}} dollars a day within a week.",
        impact="cost, in a week's time. No single chat is wrong.",
        look_first=(
            "Which model? `sum:llm.chat.cost{$scope} by {model}.as_count()` over a week",
            "More chats? `sum:llm.chat.requests{$scope}.as_count()` over a week",
            "Longer chats? `avg:llm.chat.tokens{$scope} by {direction}` over a week",
        ),
        priority=4,
        missing_data="default",
    ),
)
