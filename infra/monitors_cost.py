"""What answers cost: now, for each, and by the end of the week."""

from infra.alert import Alert, Incident, Windows
from infra.objectives import (
    CALLER_COST,
    COST_PER_ANSWER,
    COST_PER_HOUR,
    DAILY_SPEND,
    LONG_PROMPT,
    LONGER_ANSWERS,
    ODD_PROMPTS,
)
from infra.workflows import ENABLE_CACHE

COST_RUNS_AWAY = Alert(
    key="cost-runs-away",
    title="Gemini costs too much",
    type="query alert",
    query="sum(last_1h):sum:llm.chat.cost{$scope}.as_count() > $critical",
    limit=COST_PER_HOUR,
    says="The last hour of chats cost {{value}} dollars; the limit is $limit ($because).",
    impact="money. Users notice nothing, so nobody else will tell you.",
    look_first=(
        "Which model? `sum:llm.chat.cost{$scope} by {model}.as_count()`",
        "More chats or longer ones? `sum:llm.chat.requests{$scope}.as_count()` beside "
        "`avg:llm.chat.tokens{$scope} by {direction}`",
        "Who? logs `service:$service env:$env @cost_usd:>0.1`",
    ),
    priority=1,
    pages=True,
    missing_data="default",
    incident=Incident("SEV-2", "cost"),
    starts=(ENABLE_CACHE,),
)

ANSWERS_COST_MORE = Alert(
    key="answers-cost-more",
    title="answers cost too much",
    type="query alert",
    query=(
        "sum(last_30m):default_zero(sum:llm.chat.cost{$scope}.as_count())"
        " / (sum:llm.chat.requests{$scope,outcome:ok}.as_count() + $guard) > $critical"
    ),
    limit=COST_PER_ANSWER,
    says="An answer cost {{value}} dollars on average in the last 30 minutes; the limit is $limit ($because).",
    impact="money, whatever the traffic: the price per seat does not pay for it.",
    look_first=(
        "Longer prompts or longer answers? `avg:llm.chat.tokens{$scope} by {direction}`",
        "Another model? `sum:llm.chat.cost{$scope} by {model}.as_count()`",
        "Since a deploy? `avg:llm.chat.tokens{$scope} by {version,direction}`",
    ),
    priority=3,
    missing_data="default",
)

PROMPTS_GROW = Alert(
    key="prompts-grow",
    title="prompts grow",
    type="query alert",
    query=(
        f"avg(last_4h):anomalies(clamp_min(avg:llm.chat.tokens{{$scope,direction:input}}, {LONG_PROMPT}), 'basic', 4, "
        "direction='above', "
        "alert_window='last_30m', interval=300, count_default_zero='true') >= $critical"
    ),
    limit=ODD_PROMPTS,
    windows=Windows(trigger="last_30m", recovery="last_15m"),
    says="Prompts are longer than they have been: {{value}} of the last half hour was above what is usual ($because).",
    impact="each chat costs more and waits longer, and something sends Gemini text that it did not send before.",
    look_first=(
        "How much? `avg:llm.chat.tokens{$scope,direction:input} by {model}`",
        "Since a deploy? `avg:llm.chat.tokens{$scope,direction:input} by {version}`",
        "Which chats? logs `service:$service env:$env @input_tokens:>2000`",
    ),
    priority=3,
    missing_data="default",
)

ANSWERS_LENGTHEN = Alert(
    key="answers-lengthen",
    title="answers grow longer",
    type="query alert",
    # Not by model: at night a model has a few answers an hour, whose mean means little.
    query="pct_change(avg(last_1h),4h_ago):avg:llm.chat.tokens{$scope,direction:output} > $critical",
    limit=LONGER_ANSWERS,
    says="Answers are {{value}} % longer than four hours ago; the limit is $limit ($because).",
    impact="each chat costs more and takes longer; a prompt or the model has changed.",
    look_first=(
        "Since when? `avg:llm.chat.tokens{$scope,direction:output} by {model}` over a day",
        "Since a deploy? `avg:llm.chat.tokens{$scope,direction:output} by {version}`",
        "Did the model's name change? logs `service:$service env:$env @event:control` by @value",
    ),
    priority=4,
    missing_data="default",
)

SPEND_OUTGROWS_BUDGET = Alert(
    key="spend-outgrows-budget",
    title="the month will cost too much",
    type="query alert",
    query=(
        "max(next_1w):forecast(sum:llm.chat.cost{$scope}.as_count(), 'linear', 1, interval='24h', history='1w', "
        "model='default') >= $critical"
    ),
    limit=DAILY_SPEND,
    says="If spending goes on as in the last week, a day will cost {{value}} dollars; the limit is $limit ($because).",
    impact="money, in a week's time: nothing is wrong with any single chat.",
    look_first=(
        "Whose? `sum:llm.chat.cost{$scope} by {model}.as_count()` over a week",
        "More chats? `sum:llm.chat.requests{$scope}.as_count()` over a week",
        "Dearer chats? `avg:llm.chat.tokens{$scope} by {direction}` over a week",
    ),
    priority=4,
    missing_data="default",
)

CALLER_COSTS_MOST = Alert(
    key="caller-costs-most",
    title="one caller costs too much",
    type="query alert",
    # At most a few of the callers' buckets can be above a quarter of the service's own limit.
    query="sum(last_1h):sum:llm.chat.cost{$scope} by {caller}.as_count() > $critical",
    limit=CALLER_COST,
    says="The callers of bucket {{caller.name}} cost {{value}} dollars in the last hour; the limit is $limit "
    "($because).",
    impact="money; and the quota that the others share.",
    look_first=(
        "For what? `sum:llm.chat.cost{$scope} by {caller,feature}.as_count()`",
        "More chats or longer ones? logs `service:$service env:$env @event:chat` by @caller",
        "Does their budget hold? `sum:llm.budget.refusals{$scope}.as_count()`",
    ),
    priority=3,
    missing_data="default",
)

ALERTS = (COST_RUNS_AWAY, CALLER_COSTS_MOST, ANSWERS_COST_MORE, PROMPTS_GROW, ANSWERS_LENGTHEN, SPEND_OUTGROWS_BUDGET)
