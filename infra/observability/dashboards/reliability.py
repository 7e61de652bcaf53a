"""The dashboard SLOs and incidents: error budgets, alerts that page, incidents."""

from collections.abc import Mapping

import pulumi

from infra.identity import Identity
from infra.objectives import (
    AVAILABILITY,
    CHEAP_ANSWERS,
    FAST_BURN,
    FAST_CHATS,
    FAST_FIRST_TOKENS,
    GOOD_ANSWERS,
    REACHABLE,
    SLOW_BURN,
    Objective,
)
from infra.observability.dashboards import widgets
from infra.observability.dashboards.board import Json, board
from infra.observability.dashboards.widgets import Widget
from infra.observability.workflows.workflows import ROLL_BACK

QUESTION = "Are the SLOs met, how fast do their error budgets burn, and which incidents are open?"
OBJECTIVES: Mapping[str, tuple[str, Objective]] = {
    "availability": ("Availability: do chats get answers?", AVAILABILITY),
    "latency": ("Chat latency: are chats fast?", FAST_CHATS),
    "first-token": ("Time to first token: do answers start soon?", FAST_FIRST_TOKENS),
    "quality": ("Answer quality: are answers good?", GOOD_ANSWERS),
    "cost": ("Answer cost: do answers stay within their price?", CHEAP_ANSWERS),
    "reachable": ("Reachability: can the service be reached?", REACHABLE),
}
"""By the SLO's key: its question and its objective."""


def body(
    identity: Identity, slo_ids: Mapping[str, pulumi.Input[str]], workflow_ids: Mapping[str, pulumi.Input[str]]
) -> Json:
    """Return the body of the dashboard."""
    groups = [
        widgets.slo_list("Which SLOs are met?", f"service:{identity.service} $env"),
        *(objective_group(key, slo_id) for key, slo_id in slo_ids.items()),
        widgets.group("Which incidents and pages are there?", *incidents(identity, workflow_ids)),
    ]
    return board(identity, "SLOs and incidents", QUESTION, groups, model=False)


def objective_group(key: str, slo_id: pulumi.Input[str]) -> Widget:
    """Return the widgets of one SLO: its status, its burn rate, and its error budget over time."""
    question, objective = OBJECTIVES[key]
    rates = [burn.rate for burn in (SLOW_BURN, FAST_BURN) if burn.rate < 1 / objective.budget]
    return widgets.group(
        question,
        widgets.slo(f"{question} How much error budget is left?", slo_id, objective.window),
        widgets.burn_rate("How fast does the error budget burn?", slo_id, rates),
        widgets.budget_left("How was the error budget spent?", slo_id),
    )


def incidents(identity: Identity, workflow_ids: Mapping[str, pulumi.Input[str]]) -> list[Widget]:
    """Return widgets on incidents, pages and Watchdog, and the roll-back button."""
    return [
        widgets.monitors("Which alerts page?", f"service:{identity.service} $env severity:page"),
        widgets.stream(
            "Which incidents are open?", "incidents_stream", "state:(active OR stable)",
            ["severity", "title", "state", "commander", "created"],
        ),
        widgets.event_count("How many incidents, by severity?", "incident_analytics", "", "@severity"),
        widgets.event_count("How many pages, by team?", "on_call_events", "", "team"),
        widgets.stream("Which anomalies did Watchdog find?", "event_stream", "source:watchdog", ["timestamp", "title"]),
        widgets.run_workflow("Errors since a deployment? Roll back", workflow_ids[ROLL_BACK]),
    ]  # fmt: skip
