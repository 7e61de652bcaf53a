"""On-Call pages of the running sandbox: opened by monitors or by the API, escalated over time, resolved.

Routing rules, escalation policy and schedules of the team determine who is paged when (:mod:`firedrill.notify.oncall`).
A page is an object whose ``attributes`` record what happened. https://docs.datadoghq.com/incident_response/on-call/pages
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from firedrill.evaluate import Transition
from firedrill.notify import Rendered
from firedrill.notify.deliver import routing_alert
from firedrill.notify.directory import Directory as Routing
from firedrill.notify.oncall import Alert, PagingStep
from firedrill.notify.oncall.jsonapi import attributes
from firedrill.notify.paging import Page, page
from firedrill.sandbox.datadog.account import (
    ESCALATION_POLICIES,
    PAGES,
    ROUTING_RULES,
    SCHEDULES,
    TEAMS,
    USERS,
    WORKFLOWS,
    Directory,
    iso_time,
)
from firedrill.sandbox.datadog.live.journal import Journal

Json = dict[str, Any]
TEAM_MEMBERSHIPS = "team_memberships"
"""Objects with the ids ``team`` and ``user`` beside the API's body."""
NOTIFICATION_RULES = "monitor_notification_rules"
MAX_RESOLVED = 200
"""Resolved pages that are kept."""


def routing_directory(directory: Directory, org: str) -> Routing:
    """Return the organisation's teams, rules, policies, schedules and users as a directory for routing."""
    members: dict[str, list[str]] = defaultdict(list)
    for team_membership in directory.objects(org, TEAM_MEMBERSHIPS):
        members[team_membership["team"]].append(team_membership["user"])
    return Routing(
        teams=directory.objects(org, TEAMS),
        members=members,
        routing_rules={
            str(routing_rule["data"]["id"]): routing_rule for routing_rule in directory.objects(org, ROUTING_RULES)
        },
        policies=directory.objects(org, ESCALATION_POLICIES),
        schedules=directory.objects(org, SCHEDULES),
        users=directory.objects(org, USERS),
        workflows=directory.objects(org, WORKFLOWS),
        notification_rules=directory.objects(org, NOTIFICATION_RULES),
    )


class Pages:
    """The pages of one organisation. All state is in the objects, so a restart continues from it."""

    def __init__(
        self, directory: Directory, org: str, journal: Journal, clock: Callable[[], float] = time.time
    ) -> None:
        self._directory, self._org, self._journal, self._clock = directory, org, journal, clock

    def open(self, new_page: Page, monitor: Mapping[str, Any], transition: Transition, rendered: Rendered) -> str:
        """Open a monitor's page and return its id, or the id of the page that is already open for the same group."""
        key = _page_key(new_page.team, monitor, transition)
        open_page = self._open_page(key)
        if open_page is not None:
            return str(open_page["id"])
        alert = routing_alert(monitor, transition, rendered)
        identifier = str(uuid.uuid4())
        body: Json = {
            "id": identifier,
            "type": "pages",
            "attributes": {
                "title": rendered.title,
                "description": rendered.text,
                "urgency": new_page.urgency,
                "status": "triggered",
                "tags": list(monitor.get("tags") or ()),
                "target": {"type": "team_handle", "identifier": new_page.team},
                "created_at": iso_time(transition.time),
                "key": key,
                "alert": {"tags": dict(alert.tags), "groups": dict(alert.groups), "priority": alert.priority,
                          "status": alert.status},
                "number": self._directory.store.next_number(f"pages {self._org} {new_page.team}", 1) - 1,
                "paged": [],
            },
        }  # fmt: skip
        self._directory.put(self._org, PAGES, identifier, body)
        self._advance(body, routing_directory(self._directory, self._org), self._clock())
        self._delete_oldest()
        return identifier

    def resolve(self, team: str, monitor: Mapping[str, Any], transition: Transition) -> str | None:
        """Resolve the open page of a monitor's group and return its id, or None when none is open."""
        open_page = self._open_page(_page_key(team, monitor, transition))
        if open_page is None:
            return None
        self._update(open_page, {"status": "resolved", "resolved_at": iso_time(transition.time)})
        return str(open_page["id"])

    def progress(self, now: float) -> None:
        """Page the users who are due on every open page."""
        open_pages = [page for page in self._directory.objects(self._org, PAGES) if _status(page) != "resolved"]
        if open_pages:
            directory = routing_directory(self._directory, self._org)
            for body in open_pages:
                self._advance(body, directory, now)

    def _advance(self, body: Json, directory: Routing, now: float) -> None:
        """Page the users who are due on a page. Later edits of policies do not change who was paged before."""
        page_attributes = body["attributes"]
        plan = _plan(page_attributes, directory)
        if isinstance(plan, str):
            self._record_problem(body, plan)
            return
        paged: list[Json] = list(page_attributes.get("paged") or ())
        done = {(entry["round"], entry["step"]) for entry in paged}
        new: list[Json] = [
            {
                "time": step.time,
                "who": [{"id": user, "name": directory.user_name(user), "email": _email(directory, user)}
                        for user in step.who],
                "step": step.step,
                "round": step.round,
                "urgency": page_attributes.get("urgency") or step.urgency,
                "why": step.why,
            }
            for step in _escalated(plan.steps, page_attributes)
            if step.time <= now and (step.round, step.step) not in done
        ]  # fmt: skip
        changes = {"paged": paged + new, "policy": plan.policy, "rule": plan.rule, "held_until": plan.held}
        if plan.status == "resolved" and plan.ended is not None and plan.ended <= now:
            changes |= {"status": "resolved", "resolved_at": iso_time(plan.ended)}
        self._update(body, changes)
        for entry in new:
            record = {
                "time": entry["time"],
                "handle": ", ".join(str(person["name"]) for person in entry["who"]),
                "title": page_attributes.get("title"),
                "kind": "page",
                "outcome": f"paged ({entry['urgency']}): {entry['why']}",
                "page_id": body["id"],
            }
            self._journal.add_notification(record)
        if plan.problem:
            self._record_problem(body, plan.problem)

    def _record_problem(self, body: Json, problem: str) -> None:
        """Record, once, why a page reaches nobody."""
        if self._update(body, {"problem": problem}):
            self._journal.add_error(f"page {body['id']} ({body['attributes'].get('title')})", problem)

    def _update(self, body: Json, changes: Json) -> bool:
        """Change attributes of the stored page, which may differ from ``body``; return whether anything changed."""
        with self._directory.store.transaction():
            current = self._directory.get(self._org, PAGES, body["id"]) or body
            changed = bool({**current["attributes"], **changes} != current["attributes"])
            current["attributes"] |= changes
            if changed:
                self._directory.store.put(self._org, PAGES, body["id"], current)
        return changed

    def _open_page(self, key: str) -> Json | None:
        pages = self._directory.objects(self._org, PAGES)
        return next(
            (page for page in pages if page["attributes"].get("key") == key and _status(page) != "resolved"), None
        )

    def _delete_oldest(self) -> None:
        done = [page for page in self._directory.objects(self._org, PAGES) if _status(page) == "resolved"]
        for old in done[: max(0, len(done) - MAX_RESOLVED)]:
            self._directory.store.delete(self._org, PAGES, old["id"])


def _plan(page_attributes: Json, directory: Routing) -> Page | str:
    """Return who is paged when, by a page's attributes, or a text with the reason why nobody is."""
    target = page_attributes.get("target") or {}
    kind, identifier = target.get("type"), str(target.get("identifier"))
    created = _epoch_seconds(page_attributes["created_at"])
    urgency = page_attributes.get("urgency") or "high"
    if kind == "user_id":
        step = PagingStep(created, (identifier,), 1, 1, "the page targets the user", urgency)
        return Page("", urgency, None, None, (step,), "triggered")
    team = directory.team(identifier) if kind == "team_handle" else directory.team_by_id(identifier)
    if team is None:
        return f"there is no team {identifier!r}"
    alert = page_attributes.get("alert") or {"tags": _tag_values(page_attributes.get("tags") or ()), "status": "error"}
    acknowledged = page_attributes.get("acknowledged_at")
    return page(
        directory,
        team,
        Alert(alert.get("tags") or {}, alert.get("groups") or {}, alert.get("priority"), alert["status"]),
        created,
        acknowledged=_epoch_seconds(acknowledged) if acknowledged else None,
        page_number=int(page_attributes.get("number") or 0),
    )


def _escalated(steps: Sequence[PagingStep], page_attributes: Json) -> list[PagingStep]:
    """Return the steps after a manual escalation, which moves the remaining steps forward to its time."""
    if not page_attributes.get("escalated_at"):
        return list(steps)
    at = _epoch_seconds(page_attributes["escalated_at"])
    earlier = next((step.time - at for step in steps if step.time > at), 0.0)
    return [replace(step, time=step.time - earlier) if step.time > at else step for step in steps]


def _epoch_seconds(iso_time: str) -> float:
    return datetime.fromisoformat(iso_time).timestamp()


def _status(body: Json) -> str:
    return str(body["attributes"].get("status") or "triggered")


def _page_key(team: str, monitor: Mapping[str, Any], transition: Transition) -> str:
    return f"{team}/{monitor['id']}/{transition.notified_name}"


def _tag_values(tags: Any) -> dict[str, list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for tag in tags:
        key, _, value = str(tag).partition(":")
        values[key].append(value)
    return values


def _email(directory: Routing, user_id: str) -> str | None:
    return next((attributes(user).get("email") for user in directory.users if user.get("id") == user_id), None)
