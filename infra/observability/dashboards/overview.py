"""The dashboard Overview, to open first in an incident."""

from collections.abc import Mapping

import pulumi

from infra.identity import Identity
from infra.objectives import AVAILABILITY, COST_PER_HOUR, FAST_BURN, FAST_CHATS, SLOW_BURN, SLOW_CHAT
from infra.observability.dashboards import widgets
from infra.observability.dashboards.board import Json, board

QUESTION = "Are users affected, what does it cost, and what fails?"


def body(
    identity: Identity,
    slo_ids: Mapping[str, pulumi.Input[str]],
    monitor_ids: Mapping[str, pulumi.Input[str]],
    runbooks: str,
) -> Json:
    """Return the body of the dashboard."""
    groups = [
        widgets.group(
            "Are users affected?",
            widgets.monitors("Which alerts are triggered?", f"service:{identity.service} $env"),
            widgets.slo(
                "Availability SLO: how much error budget is left?", slo_ids["availability"], AVAILABILITY.window
            ),
            widgets.slo("Chat latency SLO: how much error budget is left?", slo_ids["latency"], FAST_CHATS.window),
            widgets.burn_rate(
                "Availability SLO: how fast does the error budget burn?",
                slo_ids["availability"],
                [SLOW_BURN.rate, FAST_BURN.rate],
            ),
            widgets.lines(
                "Chats by outcome: what fails?",
                {"chats": "sum:llm.chat.requests{$scope} by {outcome}.as_count()"},
                display="bars",
            ),
            widgets.value(
                "query_value",
                "What share of chats failed?",
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
                "How long do chats take (p50, p95, p99)?",
                {percentile: f"{percentile}:llm.chat.latency{{$scope}}" for percentile in ("p50", "p95", "p99")},
                limit=SLOW_CHAT,
            ),
            widgets.alert_graph("Which model is slow?", monitor_ids["chat-slow"]),
        ),
        widgets.group(
            "What does it cost?",
            widgets.lines(
                "How much do chats cost per hour?",
                {"cost": "sum:llm.chat.cost{$scope} by {model}.as_count().rollup(sum, 3600)"},
                limit=COST_PER_HOUR,
                display="bars",
            ),
            widgets.change(
                "Is there more traffic than a week ago?", "sum:llm.chat.requests{$scope} by {model,outcome}.as_count()"
            ),
        ),
        widgets.group(
            "What fails?",
            widgets.topology("What does the service depend on?", identity.service),
            widgets.lines(
                "Errors by version: did a deployment cause them?",
                {"errors": "sum:trace.flask.request.errors{$scope} by {version}.as_count()"},
                display="bars",
            ),
            widgets.stream(
                "What do the log lines of failed chats say?",
                "logs_stream",
                "@event:chat -@outcome:ok",
                ["timestamp", "@outcome", "@model", "@error.kind", "message"],
            ),
        ),
        widgets.note(f"Runbooks, one for each alert: {runbooks}"),
    ]
    return board(identity, "Overview", QUESTION, groups, model=False)
