"""``firedrill preview --markdown``: what a change does, for whoever reviews it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firedrill.delivery import ownership, programs
from firedrill.delivery.changes import Change, cell, changes
from firedrill.delivery.cloud_run import image_now
from firedrill.delivery.target import Target, configured
from firedrill.engine import stack
from firedrill.engine.stack import Violation
from firedrill.errors import KnownFailure
from firedrill.prove.backtest import compare_revision
from firedrill.sandbox.providers.datadog.api import Api, ApiError

MARKER = "<!-- firedrill-preview -->"
"""By this the workflow finds its comment again."""
SIGNS = {"create": "+ create", "update": "~ update", "replace": "± **replace**", "delete": "- **delete**"}
INCLUDED = "responders,escalations.responders"
MOST_PROPERTIES = 12
"""Of one resource; the rest is counted."""


@dataclass(frozen=True)
class Paged:
    """Who a team's rules page now, by step: e-mail addresses."""

    team: str
    steps: list[list[str]]


@dataclass(frozen=True)
class Report:
    """A preview as it is told. ``alerts`` is the backtest's Markdown, or why there is none."""

    stack: str
    changes: list[Change]
    counts: Mapping[str, int]
    violations: list[Violation]
    failed: str
    alerts: str
    paged: list[Paged]
    not_known: str = ""
    notes: Sequence[str] = ()


def report(target: Target, base: str | None, seeds: int) -> Report:
    """Preview, policies, backtest against a git revision (none without), and who is paged now."""
    failed, notes = "", list[str]()
    try:
        with configured(target, image_now(target)) as file:
            result, notes = programs.preview(target, lambda _: None, file)
    except stack.UpdateFailed as error:
        result, failed = error.result, str(error)
    if not failed:
        failed = "\n".join(ownership.taken(target, result.steps))
    alerts = "" if base is None else _told(lambda: compare_revision(target.root, base, target.name, seeds))
    paged: list[Paged] = []
    not_known = ""
    try:
        paged = who_is_paged(target.datadog)
    except (KnownFailure, ApiError) as error:
        not_known = str(error)
    return Report(
        target.name, changes(result.steps), result.changes, result.violations, failed, alerts, paged, not_known, notes
    )


def _told(work: Callable[[], str]) -> str:
    try:
        return work()
    except KnownFailure as error:
        return f"Not known: {error}"


def who_is_paged(api: Api) -> list[Paged]:
    """The people whom each on-call team's rules reach at this moment, in order of escalation."""
    found = []
    for team in api.call("GET /api/v2/team?page%5Bsize%5D=100")["data"]:
        try:
            answer = api.call(
                f"GET /api/v2/on-call/teams/{team['id']}/on-call?include=responders,escalations.responders"
            )
        except ApiError as error:
            if error.status == 404:  # a team that takes no pages
                continue
            raise
        steps = _steps(api, answer)
        if any(steps):
            found.append(Paged(team["attributes"]["handle"], steps))
    return found


def _steps(api: Api, answer: Mapping[str, Any]) -> list[list[str]]:
    included = {one["id"]: one for one in answer.get("included") or ()}
    relationships = answer["data"]["relationships"]
    references = [relationships["responders"]["data"]]
    for step in (relationships.get("escalations") or {}).get("data") or ():
        references.append(included[step["id"]]["relationships"]["responders"]["data"])
    return [[_address(api, included, one["id"]) for one in people] for people in references]


def _address(api: Api, included: Mapping[str, Any], user: str) -> str:
    body = included.get(user) or api.call(f"GET /api/v2/users/{user}")["data"]
    return str((body.get("attributes") or {}).get("email") or user)


def markdown(found: Report) -> str:
    """The comment of a pull request."""
    text = [MARKER, f"## Preview of stack `{found.stack}`", ""]
    if found.failed:
        text += ["**The preview fails:**", "", "```text", found.failed.strip(), "```", ""]
    text += [*_resources(found), "", *(f"{note}\n" for note in found.notes), *_policies(found.violations)]
    if found.alerts:
        text += ["", "### What it does to alerts", "", found.alerts.strip()]
    text += ["", "### Who is paged now", ""]
    for paged in found.paged:
        steps = " → ".join(", ".join(people) or "nobody" for people in paged.steps)
        text.append(f"- `{paged.team}`: {steps}")
    if not found.paged:
        text.append(f"Not known: {found.not_known}" if found.not_known else "Nobody: no team has routing rules.")
    return "\n".join(text) + "\n"


def _resources(found: Report) -> list[str]:
    totals = Counter(change.operation for change in found.changes)
    unchanged = found.counts.get("same", 0)
    if not found.changes:
        return [] if found.failed else [f"No resource changes; {unchanged} stay as they are."]
    said = ", ".join(f"{count} to {operation}" for operation, count in sorted(totals.items()))
    text = [f"### Resources: {said}, {unchanged} unchanged", ""]
    for change in found.changes:
        text.append(f"- {SIGNS.get(change.operation, change.operation)} {change.kind} `{change.name}`")
        for one in change.properties[:MOST_PROPERTIES]:
            text.append(f"  - `{one.path}`: {cell(one.before)} → {cell(one.after)}")
        if len(change.properties) > MOST_PROPERTIES:
            text.append(f"  - and {len(change.properties) - MOST_PROPERTIES} properties more")
    return text


def _policies(violations: list[Violation]) -> list[str]:
    if not violations:
        return ["### Policies: all hold"]
    levels = Counter(one.level for one in violations)
    said = ", ".join(f"{count} {level}" for level, count in sorted(levels.items()))
    text = [f"### Policies: {said}", ""]
    for one in violations:
        text.append(f"- **{one.policy}** ({one.level}), `{one.urn.split('::')[-1]}`: {' '.join(one.message.split())}")
    return text
