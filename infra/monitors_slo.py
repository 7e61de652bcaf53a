"""Alerts on objectives: how fast the error budget goes, and how much of it has gone."""

from infra.alert import Alert, Incident
from infra.objectives import (
    AVAILABILITY,
    CHEAP_ANSWERS,
    ENOUGH_CHATS,
    FAST_BURN,
    FAST_CHATS,
    FAST_FIRST_TOKENS,
    GOOD_ANSWERS,
    NEARLY_SPENT,
    SLOW_BURN,
    BurnRate,
    Objective,
)

BURN = f'burn_rate("$slo").over("{AVAILABILITY.window}").long_window("$long").short_window("$short") > $rate'


def _signal(key: str, title: str, limit: BurnRate) -> Alert:
    """A burn rate as such, for the composite that also asks whether there are enough chats."""
    return Alert(
        key=key,
        title=title,
        type="slo alert",
        query=BURN,
        limit=limit,
        says="The month's error budget goes $rate times faster than it may ($because).",
        impact="",
        look_first=(),
        priority=3,
        signal=True,
    )


BURNS_FAST = _signal("signal-burns-fast", "signal: the error budget burns fast", FAST_BURN)
BURNS_SLOWLY = _signal("signal-burns-slowly", "signal: the error budget burns slowly", SLOW_BURN)

CHATS_SUFFICE = Alert(
    key="signal-enough-chats",
    title="signal: enough chats to judge by",
    type="query alert",
    query="sum(last_1h):default_zero(sum:llm.chat.requests{$scope}.as_count()) > $critical",
    limit=ENOUGH_CHATS,
    says="There are enough chats for a share of them to mean something ($because).",
    impact="",
    look_first=(),
    priority=4,
    missing_data="default",
    signal=True,
)

AVAILABILITY_FAST_BURN = Alert(
    key="availability-fast-burn",
    title="the error budget burns fast",
    type="composite",
    query="$signal_burns_fast && $signal_enough_chats",
    limit=None,
    says=f"Chats fail so often that the month's error budget goes many times faster than it may ({FAST_BURN.because}).",
    impact="many users get no answer right now.",
    look_first=(
        "What fails? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()`",
        "What changed? `sum:llm.chat.requests{$scope} by {version,outcome}.as_count()`",
        "What do failures say? logs `service:$service env:$env @event:chat -@outcome:ok` by @error.kind",
    ),
    priority=1,
    pages=True,
    incident=Incident("SEV-1", "availability"),
)

AVAILABILITY_SLOW_BURN = Alert(
    key="availability-slow-burn",
    title="the error budget burns slowly",
    type="composite",
    query="$signal_burns_slowly && $signal_enough_chats",
    limit=None,
    says="Chats fail often enough that the month's error budget goes several times faster than it may "
    f"({SLOW_BURN.because}).",
    impact="a few users in a hundred get no answer; left alone, the month's objective is lost in days.",
    look_first=(
        "What fails? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()` over a day",
        "One kind of request? logs `service:$service env:$env @event:chat -@outcome:ok` by @outcome",
        "Since when? `sum:llm.chat.requests{$scope} by {version,outcome}.as_count()` over a week",
    ),
    priority=3,
)


def _budget(key: str, objective: Objective, *, title: str, impact: str, look_first: tuple[str, ...]) -> Alert:
    """For a target that leaves too little room for burn rates: most of the budget is gone."""
    return Alert(
        key=key,
        title=title,
        type="slo alert",
        query=f'error_budget("$slo").over("{objective.window}") > $percent',
        limit=NEARLY_SPENT,
        says="More than $percent % of the error budget is spent ($because).",
        impact=impact,
        look_first=look_first,
        priority=4,
    )


LATENCY_BUDGET = _budget(
    "latency-budget",
    FAST_CHATS,
    title="the budget of slow chats is nearly spent",
    impact="chats have been slow for hours of this month; a little more, and the promise is broken.",
    look_first=(
        "When? `p95:llm.chat.latency{$scope} by {model}` over a month",
        "Which model? `p95:ml_obs.span.duration{$scope,span_kind:llm} by {model_name}` over a month",
        "Which alerts told? monitor chat-slow, its history",
    ),
)

FIRST_TOKEN_BUDGET = _budget(
    "first-token-budget",
    FAST_FIRST_TOKENS,
    title="the budget of late first words is nearly spent",
    impact="streamed answers have begun late for hours of this month.",
    look_first=(
        "When? `p95:llm.chat.time_to_first_token{$scope} by {model}` over a month",
        "Longer prompts? `avg:llm.chat.tokens{$scope,direction:input}` over a month",
        "Which alerts told? monitor first-token-slow, its history",
    ),
)

COST_BUDGET = _budget(
    "cost-budget",
    CHEAP_ANSWERS,
    title="the budget of dear answers is nearly spent",
    impact="answers have cost more than they may for hours of this month.",
    look_first=(
        "When? `sum:llm.chat.cost{$scope} by {model}.as_count()` over a month",
        "Longer prompts or answers? `avg:llm.chat.tokens{$scope} by {direction}` over a month",
        "Which alerts told? monitor answers-cost-more, its history",
    ),
)

QUALITY_BUDGET = _budget(
    "quality-budget",
    GOOD_ANSWERS,
    title="the budget of bad answers is nearly spent",
    impact="too many of the month's answers were cut off, declined or repeated.",
    look_first=(
        "When? `sum:llm.chat.evaluations{$scope,verdict:fail} by {evaluation}.as_count()` over a month",
        "Which model? `sum:llm.chat.evaluations{$scope,verdict:fail} by {model}.as_count()` over a month",
        "Which alerts told? monitor answers-worsen, its history",
    ),
)

ALERTS = (
    BURNS_FAST,
    BURNS_SLOWLY,
    CHATS_SUFFICE,
    AVAILABILITY_FAST_BURN,
    AVAILABILITY_SLOW_BURN,
    LATENCY_BUDGET,
    FIRST_TOKEN_BUDGET,
    COST_BUDGET,
    QUALITY_BUDGET,
)
