"""The first look: is anybody affected, by what, what does it cost, and what is it that fails?"""

from collections.abc import Mapping

import pulumi

from infra.dashboards import widgets
from infra.dashboards.board import Json, board
from infra.identity import Identity
from infra.objectives import AVAILABILITY, COST_PER_HOUR, FAST_BURN, FAST_CHATS, SLOW_BURN, SLOW_CHAT

QUESTION = "Is anybody affected, by what, what does it cost, and what is it that fails?"


def body(
    identity: Identity,
    slo_ids: Mapping[str, pulumi.Input[str]],
    monitor_ids: Mapping[str, pulumi.Input[str]],
    runbooks: str,
) -> Json:
    """The body of the dashboard."""
    parts = [
        widgets.group(
            "Is anybody affected?",
            widgets.monitors("Which alerts are on?", f"service:{identity.service} $env"),
            widgets.slo(
                "Do chats get answers, and how much may still fail?", slo_ids["availability"], AVAILABILITY.window
            ),
            widgets.slo("Are chats fast, and how much may still be slow?", slo_ids["latency"], FAST_CHATS.window),
            widgets.burn_rate(
                "How fast does the error budget go?", slo_ids["availability"], [SLOW_BURN.rate, FAST_BURN.rate]
            ),
            widgets.lines(
                "How do chats end?", {"chats": "sum:llm.chat.requests{$scope} by {outcome}.as_count()"}, display="bars"
            ),
            widgets.value(
                "query_value",
                "Which share of chats failed?",
                "100 * (1 - answered / asked)",
                {
                    "answered": "sum:llm.chat.requests{$scope AND outcome IN (ok, blocked)}.as_count()",
                    "asked": "sum:llm.chat.requests{$scope AND NOT outcome:caller_error}.as_count()",
                },
                aggregator="sum",
                precision=2,
                custom_unit="%",
            ),
            widgets.lines(
                "How long do chats take?",
                {each: f"{each}:llm.chat.latency{{$scope}}" for each in ("p50", "p95", "p99")},
                limit=SLOW_CHAT,
            ),
            widgets.alert_graph("Which model is slow?", monitor_ids["chat-slow"]),
        ),
        widgets.group(
            "What does it cost?",
            widgets.lines(
                "What do chats cost an hour?",
                {"cost": "sum:llm.chat.cost{$scope} by {model}.as_count().rollup(sum, 3600)"},
                limit=COST_PER_HOUR,
                display="bars",
            ),
            widgets.change(
                "Who asks more than a week ago?", "sum:llm.chat.requests{$scope} by {model,outcome}.as_count()"
            ),
        ),
        widgets.group(
            "What is it that fails?",
            widgets.topology("What does the service depend on?", identity.service),
            widgets.lines(
                "Did a deploy change it?",
                {"errors": "sum:trace.flask.request.errors{$scope} by {version}.as_count()"},
                display="bars",
            ),
            widgets.stream(
                "What do the failures say?",
                "logs_stream",
                "@event:chat -@outcome:ok",
                ["timestamp", "@outcome", "@model", "@error.kind", "message"],
            ),
        ),
        widgets.note(f"Each alert has a page that says what to do: {runbooks}"),
    ]
    return board(identity, "infra/dashboards/overview.py", "overview", QUESTION, parts, model=False)
