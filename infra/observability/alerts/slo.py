"""Alerts on SLOs: how fast an error budget burns, and how much of it is spent."""

from infra.objectives import (
    AVAILABILITY,
    CHEAP_ANSWERS,
    DAY_BURN,
    FAST_BURN,
    FAST_CHATS,
    FAST_FIRST_TOKENS,
    GOOD_ANSWERS,
    NEARLY_SPENT,
    SLOW_BURN,
    Objective,
    Threshold,
)
from infra.observability.alerts.alert import Alert, Incident

BURN_RATE = f'burn_rate("$slo").over("{AVAILABILITY.window}").long_window("$long").short_window("$short") > $rate'


def _budget_query(objective: Objective) -> str:
    return f'error_budget("$slo").over("{objective.window}") > $percent'


ALERTS = (
    Alert(
        key="signal-burns-fast",
        title="Signal: availability SLO burn rate above $limit",
        type="slo alert",
        query=BURN_RATE,
        limit=FAST_BURN,
        slo="availability",
        description="The availability SLO's error budget burns faster than $rate times the sustainable rate.",
        priority=3,
        signal=True,
    ),
    Alert(
        key="signal-burns-slowly",
        title="Signal: availability SLO burn rate above $limit",
        type="slo alert",
        query=BURN_RATE,
        limit=SLOW_BURN,
        slo="availability",
        description="The availability SLO's error budget burns faster than $rate times the sustainable rate.",
        priority=3,
        signal=True,
    ),
    Alert(
        key="signal-burns-for-a-day",
        title="Signal: availability SLO burn rate above $limit",
        type="slo alert",
        query=BURN_RATE,
        limit=DAY_BURN,
        slo="availability",
        description="The availability SLO's error budget burns faster than $rate times the sustainable rate.",
        priority=3,
        signal=True,
    ),
    # With a few chats an hour a burn rate says little, and a ratio without a guard pages for a single failure. The
    # guard makes four failures of four chats the fewest that page.
    Alert(
        key="signal-most-chats-fail",
        title="Signal: failed chats above $limit in an hour",
        type="query alert",
        query=(
            "sum(last_1h):default_zero(sum:llm.chat.requests{$scope,!outcome:ok,!outcome:blocked,"
            "!outcome:caller_error,!feature:synthetics}.as_count())"
            " / (sum:llm.chat.requests{$scope,!outcome:caller_error,!feature:synthetics}.as_count() + $guard)"
            " > $critical"
        ),
        limit=Threshold(
            0.45,
            "of chats",
            recovery=0.2,
            warning=0.3,
            guard=4,
            because="it is most of the chats, however few there are",
        ),
        description="Most chats of the last hour failed.",
        priority=3,
        missing_data="default",
        signal=True,
    ),
    Alert(
        key="signal-enough-chats",
        title="Signal: traffic above $limit",
        type="query alert",
        query="sum(last_1h):default_zero(sum:llm.chat.requests{$scope,!feature:synthetics}.as_count()) > $critical",
        limit=Threshold(
            60,
            "chats an hour",
            recovery=50,
            warning=55,
            because="below one chat a minute a single failure is a large share",
        ),
        description="There are enough chats for a burn rate to mean something.",
        priority=4,
        missing_data="default",
        signal=True,
    ),
    Alert(
        key="availability-fast-burn",
        title="Availability SLO: error budget burns fast",
        type="composite",
        query="($signal_burns_fast && $signal_enough_chats) || $signal_most_chats_fail",
        description=(
            f"The availability SLO's burn rate is above {FAST_BURN}: {FAST_BURN.because}. Or there are few chats, and "
            "most of them failed in the last hour."
        ),
        impact="many users get no answer right now.",
        look_first=(
            "What fails? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()`",
            "What changed? `sum:llm.chat.requests{$scope} by {version,outcome}.as_count()`",
            "Which errors? logs `service:$service env:$env @event:chat -@outcome:ok` by @error.kind",
        ),
        priority=1,
        pages=True,
        incident=Incident("SEV-1", "availability"),
    ),
    Alert(
        key="availability-slow-burn",
        title="Availability SLO: error budget burns slowly",
        type="composite",
        query="($signal_burns_slowly || $signal_burns_for_a_day) && $signal_enough_chats",
        description=(
            f"The availability SLO's burn rate is above {SLOW_BURN}: {SLOW_BURN.because}. Or it is above {DAY_BURN}: "
            f"{DAY_BURN.because}."
        ),
        impact="a few users in a hundred get no answer. At this rate the SLO is missed within days.",
        look_first=(
            "What fails? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()` over a day",
            "One kind of request? logs `service:$service env:$env @event:chat -@outcome:ok` by @outcome",
            "Since when? `sum:llm.chat.requests{$scope} by {version,outcome}.as_count()` over a week",
        ),
        priority=3,
    ),
    Alert(
        key="availability-budget",
        title="Availability SLO: error budget nearly spent",
        type="slo alert",
        query=_budget_query(AVAILABILITY),
        limit=NEARLY_SPENT,
        slo="availability",
        description="More than $limit of the availability SLO is spent.",
        impact="chats have failed for weeks below every burn rate, or in a few outages. A little more misses the SLO.",
        look_first=(
            "When? `sum:llm.chat.requests{$scope} by {outcome}.as_count()` over a month",
            "Which model? `sum:llm.chat.requests{$scope} by {outcome,model}.as_count()` over a month",
            "Which alerts triggered? monitor availability-slow-burn, its history",
        ),
        priority=4,
    ),
    Alert(
        key="latency-budget",
        title="Chat latency SLO: error budget nearly spent",
        type="slo alert",
        query=_budget_query(FAST_CHATS),
        limit=NEARLY_SPENT,
        slo="latency",
        description="More than $limit of the chat latency SLO is spent.",
        impact="chats have been slow for hours in this window. A little more, and the SLO is missed.",
        look_first=(
            "When? `p95:llm.chat.latency{$scope} by {model}` over a month",
            "Which model? `p95:ml_obs.span.duration{$scope,span_kind:llm} by {model_name}` over a month",
            "Which alerts triggered? monitor chat-slow, its history",
        ),
        priority=4,
    ),
    Alert(
        key="first-token-budget",
        title="Time to first token SLO: error budget nearly spent",
        type="slo alert",
        query=_budget_query(FAST_FIRST_TOKENS),
        limit=NEARLY_SPENT,
        slo="first-token",
        description="More than $limit of the time to first token SLO is spent.",
        impact="streamed answers have started late for hours in this window.",
        look_first=(
            "When? `p95:llm.chat.time_to_first_token{$scope} by {model}` over a month",
            "Longer prompts? `avg:llm.chat.tokens{$scope,direction:input}` over a month",
            "Which alerts triggered? monitor first-token-slow, its history",
        ),
        priority=4,
    ),
    Alert(
        key="cost-budget",
        title="Answer cost SLO: error budget nearly spent",
        type="slo alert",
        query=_budget_query(CHEAP_ANSWERS),
        limit=NEARLY_SPENT,
        slo="cost",
        description="More than $limit of the answer cost SLO is spent.",
        impact="answers have cost too much for hours in this window.",
        look_first=(
            "When? `sum:llm.chat.cost{$scope} by {model}.as_count()` over a month",
            "Longer prompts or answers? `avg:llm.chat.tokens{$scope} by {direction}` over a month",
            "Which alerts triggered? monitor answers-cost-more, its history",
        ),
        priority=4,
    ),
    Alert(
        key="quality-budget",
        title="Answer quality SLO: error budget nearly spent",
        type="slo alert",
        query=_budget_query(GOOD_ANSWERS),
        limit=NEARLY_SPENT,
        slo="quality",
        description="More than $limit of the answer quality SLO is spent.",
        impact="too many answers in this window were cut off, refused or repeated.",
        look_first=(
            "When? `sum:llm.chat.evaluations{$scope,verdict:fail} by {evaluation}.as_count()` over a month",
            "Which model? `sum:llm.chat.evaluations{$scope,verdict:fail} by {model}.as_count()` over a month",
            "Which alerts triggered? monitor answers-worsen, its history",
        ),
        priority=4,
    ),
)
