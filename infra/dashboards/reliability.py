"""Promises and incidents: what do we owe users, how fast do we spend it, and who works on what?"""

from collections.abc import Mapping

import pulumi

from infra.dashboards import widgets
from infra.dashboards.board import Json, board
from infra.dashboards.widgets import Widget
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
from infra.workflows import ROLL_BACK

QUESTION = "What do we owe users, how fast do we spend it, and who works on what?"
PROMISES: Mapping[str, tuple[str, Objective]] = {
    "availability": ("Do chats get answers?", AVAILABILITY),
    "latency": ("Are chats fast?", FAST_CHATS),
    "first-token": ("Do answers begin soon?", FAST_FIRST_TOKENS),
    "quality": ("Are answers good?", GOOD_ANSWERS),
    "cost": ("Do answers cost what they may?", CHEAP_ANSWERS),
    "reachable": ("Can the service be reached?", REACHABLE),
}
"""The question of each objective, by its key."""


def body(
    identity: Identity, slo_ids: Mapping[str, pulumi.Input[str]], workflow_ids: Mapping[str, pulumi.Input[str]]
) -> Json:
    """The body of the dashboard."""
    parts = [
        widgets.slo_list("Which promises are kept?", f"service:{identity.service} $env"),
        *(promise(key, slo_id) for key, slo_id in slo_ids.items()),
        widgets.group("Who works on what?", *incidents(identity, workflow_ids)),
    ]
    return board(identity, "infra/dashboards/reliability.py", "SLOs and incidents", QUESTION, parts, model=False)


def promise(key: str, slo_id: pulumi.Input[str]) -> Widget:
    """An objective: where it stands, how fast its budget goes, how it went."""
    question, objective = PROMISES[key]
    rates = [burn.rate for burn in (SLOW_BURN, FAST_BURN) if burn.rate < 1 / objective.budget]
    return widgets.group(
        question,
        widgets.slo(f"{question} How much may still go wrong?", slo_id, objective.window),
        widgets.burn_rate("How fast does the budget go?", slo_id, rates),
        widgets.budget_left("How did the budget go?", slo_id),
    )


def incidents(identity: Identity, workflow_ids: Mapping[str, pulumi.Input[str]]) -> list[Widget]:
    """Incidents, pages, what Watchdog saw, and the way back."""
    return [
        widgets.monitors("Which alerts page somebody?", f"service:{identity.service} $env severity:page"),
        widgets.stream(
            "Which incidents are open?", "incidents_stream", "state:(active OR stable)",
            ["severity", "title", "state", "commander", "created"],
        ),
        widgets.counted("How many incidents were there, by severity?", "incident_analytics", "", "@severity"),
        widgets.counted("How often was somebody paged?", "on_call_events", "", "team"),
        widgets.stream("What did Watchdog notice?", "event_stream", "source:watchdog", ["timestamp", "title"]),
        widgets.run_workflow("Since a deploy? Roll back", workflow_ids[ROLL_BACK]),
    ]  # fmt: skip
