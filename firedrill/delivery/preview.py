"""``firedrill preview --markdown``: the report of a change for its reviewer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firedrill.datadog.client import DatadogClient, DatadogError
from firedrill.delivery import ownership, programs
from firedrill.delivery.cloud_run import deployed_image
from firedrill.delivery.resource_changes import PropertyChange, ResourceChange, markdown_cell, resource_changes
from firedrill.delivery.target import Target, config_file
from firedrill.delivery.text_diff import changed_lines, without_equal_beginning
from firedrill.engine.result import UpdateFailed, Violation
from firedrill.errors import KnownFailure
from firedrill.prove import backtest

MARKER = "<!-- firedrill-preview -->"
"""The mark by which the workflow finds its comment again."""
SIGNS = {"create": "+ create", "update": "~ update", "replace": "± **replace**", "delete": "- **delete**"}
MAX_PROPERTIES = 12
"""Listed properties of one resource; the rest is counted."""


@dataclass(frozen=True)
class OnCallTeam:
    """The e-mail addresses that a team's rules page now, by step of escalation."""

    team: str
    steps: list[list[str]]


@dataclass(frozen=True)
class PreviewReport:
    """A preview. failure: "" if it succeeds; alerts: the backtest's Markdown; on_call_error: why it is not known."""

    stack: str
    changes: list[ResourceChange]
    counts: Mapping[str, int]
    violations: list[Violation]
    failure: str
    alerts: str
    on_call: list[OnCallTeam]
    on_call_error: str = ""
    notes: Sequence[str] = ()


def report(target: Target, base: str | None, seeds: int) -> PreviewReport:
    """Return the preview with policy results, a backtest against a git revision (if given), and who is on call."""
    failure, notes = "", list[str]()
    try:
        with config_file(target, deployed_image(target)) as file:
            result, notes = programs.preview(target, lambda _: None, file)
    except UpdateFailed as error:
        result, failure = error.result, str(error)
    if not failure:
        failure = "\n".join(ownership.conflicts(target, result.steps))
    alerts = "" if base is None else _effect_on_alerts(target, base, seeds)
    on_call: list[OnCallTeam] = []
    on_call_error = ""
    try:
        on_call = on_call_teams(target.datadog)
    except (KnownFailure, DatadogError) as error:
        on_call_error = str(error)
    changes = resource_changes(result.steps)
    return PreviewReport(
        target.name, changes, result.changes, result.violations, failure, alerts, on_call, on_call_error, notes
    )


def _effect_on_alerts(target: Target, base: str, seeds: int) -> str:
    try:
        return backtest.markdown(backtest.compare_revision(target.root, base, target.name, seeds))
    except KnownFailure as error:
        return f"Not known: {error}"


def on_call_teams(client: DatadogClient) -> list[OnCallTeam]:
    """Return the people whom each team's on-call rules page now, in order of escalation."""
    teams = []
    for team in client.call("GET /api/v2/team?page%5Bsize%5D=100")["data"]:
        path = f"/api/v2/on-call/teams/{team['id']}/on-call"
        try:
            response = client.call(f"GET {path}?include=responders,escalations.responders")
        except DatadogError as error:
            if error.status == 404:  # a team without on-call rules
                continue
            raise
        steps = _escalation_steps(client, response)
        if any(steps):
            teams.append(OnCallTeam(team["attributes"]["handle"], steps))
    return teams


def _escalation_steps(client: DatadogClient, response: Mapping[str, Any]) -> list[list[str]]:
    included = {resource["id"]: resource for resource in response.get("included") or ()}
    relationships = response["data"]["relationships"]
    steps = [relationships["responders"]["data"]]
    for step in (relationships.get("escalations") or {}).get("data") or ():
        steps.append(included[step["id"]]["relationships"]["responders"]["data"])
    return [[_email(client, included, person["id"]) for person in people] for people in steps]


def _email(client: DatadogClient, included: Mapping[str, Any], user: str) -> str:
    body = included.get(user) or client.call(f"GET /api/v2/users/{user}")["data"]
    return str((body.get("attributes") or {}).get("email") or user)


def markdown(report: PreviewReport) -> str:
    """Return the comment of a pull request."""
    text = [MARKER, f"## Preview of stack `{report.stack}`", ""]
    if report.failure:
        text += ["**The preview fails:**", "", "```text", report.failure.strip(), "```", ""]
    text += [*_resources(report), "", *(f"{note}\n" for note in report.notes), *_policies(report.violations)]
    if report.alerts:
        text += ["", "### Effect on alerts", "", report.alerts.strip()]
    text += ["", "### On call now", ""]
    for team in report.on_call:
        steps = " → ".join(", ".join(people) or "nobody" for people in team.steps)
        text.append(f"- `{team.team}`: {steps}")
    if not report.on_call:
        error = report.on_call_error
        text.append(f"Not known: {error}" if error else "Nobody: no team has on-call rules.")
    return "\n".join(text) + "\n"


def _resources(report: PreviewReport) -> list[str]:
    totals = Counter(change.operation for change in report.changes)
    unchanged = report.counts.get("same", 0)
    if not report.changes:
        return [] if report.failure else [f"No resource changes; {unchanged} are unchanged."]
    counts = ", ".join(f"{count} to {operation}" for operation, count in sorted(totals.items()))
    text = [f"### Resources: {counts}, {unchanged} unchanged", ""]
    for change in report.changes:
        text.append(f"- {SIGNS.get(change.operation, change.operation)} {change.kind} `{change.name}`")
        for changed in change.properties[:MAX_PROPERTIES]:
            text += _property(changed)
        if len(change.properties) > MAX_PROPERTIES:
            text.append(f"  - and {len(change.properties) - MAX_PROPERTIES} more properties")
    return text


def _property(change: PropertyChange) -> list[str]:
    """Return a changed property: of a text of several lines the lines that differ, else both values."""
    before, after = change.before, change.after
    if isinstance(before, str) and isinstance(after, str):
        if "\n" in before + after:
            lines = ("~~~~diff", *changed_lines(before, after), "~~~~")  # messages hold backticks, and no tildes
            return [f"  - `{change.path}`:", *(f"    {line}" for line in lines)]
        before, after = without_equal_beginning(before, after)
    return [f"  - `{change.path}`: {markdown_cell(before)} → {markdown_cell(after)}"]


def _policies(violations: list[Violation]) -> list[str]:
    if not violations:
        return ["### Policies: all pass"]
    levels = Counter(violation.level for violation in violations)
    counts = ", ".join(f"{count} {level}" for level, count in sorted(levels.items()))
    text = [f"### Policies: {counts}", ""]
    for violation in violations:
        name, message = violation.urn.split("::")[-1], " ".join(violation.message.split())
        text.append(f"- **{violation.policy}** ({violation.level}), `{name}`: {message}")
    return text
