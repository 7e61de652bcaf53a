"""On-Call pages of the running sandbox: opened by monitors or by the API, escalated as time goes on, resolved.

Who is paged when follows from the team's routing rules, policy and schedules (:mod:`firedrill.notify.oncall`); a page
is an object whose ``attributes`` grow by what happened. https://docs.datadoghq.com/incident_response/on-call/pages
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from firedrill.evaluate import Transition
from firedrill.notify import Rendered
from firedrill.notify.deliver import alert_of
from firedrill.notify.directory import Directory as Routing
from firedrill.notify.oncall import Alert, PagingStep, page
from firedrill.notify.oncall.jsonapi import attributes
from firedrill.notify.oncall.paging import Page
from firedrill.sandbox.datadog.account import (
    ESCALATION_POLICIES,
    PAGES,
    ROUTING_RULES,
    SCHEDULES,
    TEAMS,
    USERS,
    WORKFLOWS,
    Directory,
)
from firedrill.sandbox.datadog.live.journal import Journal

Json = dict[str, Any]
TEAM_MEMBERSHIPS = "team_memberships"
"""With the ids ``team`` and ``user`` beside the API's body."""
NOTIFICATION_RULES = "monitor_notification_rules"
KEPT = 200
"""Resolved pages that are kept."""


def routing(directory: Directory, org: str) -> Routing:
    """The organisation's teams, rules, policies, schedules and people as the router reads them."""
    members: dict[str, list[str]] = defaultdict(list)
    for one in directory.objects(org, TEAM_MEMBERSHIPS):
        members[one["team"]].append(one["user"])
    return Routing(
        teams=directory.objects(org, TEAMS),
        members=members,
        routing_rules={str(one["data"]["id"]): one for one in directory.objects(org, ROUTING_RULES)},
        policies=directory.objects(org, ESCALATION_POLICIES),
        schedules=directory.objects(org, SCHEDULES),
        users=directory.objects(org, USERS),
        workflows=directory.objects(org, WORKFLOWS),
        notification_rules=directory.objects(org, NOTIFICATION_RULES),
    )


class Pages:
    """The pages of one organisation. All that is remembered is in the objects, so a restart goes on."""

    def __init__(
        self, directory: Directory, org: str, journal: Journal, clock: Callable[[], float] = time.time
    ) -> None:
        self._directory, self._org, self._journal, self._clock = directory, org, journal, clock

    def open(self, made: Page, monitor: Mapping[str, Any], transition: Transition, rendered: Rendered) -> str:
        """Open the page that a monitor made; returns its id. While one is open for the same group, that one stays."""
        key = _key(made.team, monitor, transition)
        known = self._open_page(key)
        if known is not None:
            return str(known["id"])
        alert = alert_of(monitor, transition, rendered)
        identifier = str(uuid.uuid4())
        body: Json = {
            "id": identifier,
            "type": "pages",
            "attributes": {
                "title": rendered.title,
                "description": rendered.text,
                "urgency": made.urgency,
                "status": "triggered",
                "tags": list(monitor.get("tags") or ()),
                "target": {"type": "team_handle", "identifier": made.team},
                "created_at": _iso(transition.time),
                "key": key,
                "alert": {"tags": dict(alert.tags), "groups": dict(alert.groups), "priority": alert.priority,
                          "status": alert.status},
                "number": self._directory.store.next_number(f"pages {self._org} {made.team}", 1) - 1,
                "paged": [],
            },
        }  # fmt: skip
        self._directory.put(self._org, PAGES, identifier, body)
        self._advance(body, routing(self._directory, self._org), self._clock())
        self._forget_oldest()
        return identifier

    def resolve(self, team: str, monitor: Mapping[str, Any], transition: Transition) -> str | None:
        """Resolve the page that this monitor's group opened; None when none is open."""
        known = self._open_page(_key(team, monitor, transition))
        if known is None:
            return None
        self._update(known, {"status": "resolved", "resolved_at": _iso(transition.time)})
        return str(known["id"])

    def progress(self, now: float) -> None:
        """Page whoever is due on every open page."""
        open_pages = [one for one in self._directory.objects(self._org, PAGES) if _status(one) != "resolved"]
        if open_pages:
            directory = routing(self._directory, self._org)
            for body in open_pages:
                self._advance(body, directory, now)

    def _advance(self, body: Json, directory: Routing, now: float) -> None:
        """Page whoever is due on one page. Who was paged before stays as it was, whatever is edited later."""
        known = body["attributes"]
        plan = _plan(known, directory)
        if isinstance(plan, str):
            self._problem(body, plan)
            return
        paged: list[Json] = list(known.get("paged") or ())
        done = {(one["round"], one["step"]) for one in paged}
        new: list[Json] = [
            {
                "time": step.time,
                "who": [{"id": user, "name": directory.user_name(user), "email": _email(directory, user)}
                        for user in step.who],
                "step": step.step,
                "round": step.round,
                "urgency": known.get("urgency") or step.urgency,
                "why": step.why,
            }
            for step in _escalated(plan.steps, known)
            if step.time <= now and (step.round, step.step) not in done
        ]  # fmt: skip
        changes = {"paged": paged + new, "policy": plan.policy, "rule": plan.rule, "held_until": plan.held}
        if plan.status == "resolved" and plan.ended is not None and plan.ended <= now:
            changes |= {"status": "resolved", "resolved_at": _iso(plan.ended)}
        self._update(body, changes)
        for one in new:
            record = {
                "time": one["time"],
                "handle": ", ".join(str(person["name"]) for person in one["who"]),
                "title": known.get("title"),
                "kind": "page",
                "outcome": f"paged ({one['urgency']}): {one['why']}",
                "page_id": body["id"],
            }
            self._journal.notification(record)
        if plan.problem:
            self._problem(body, plan.problem)

    def _problem(self, body: Json, problem: str) -> None:
        """Keep, once, why a page reaches nobody."""
        if self._update(body, {"problem": problem}):
            self._journal.error(f"page {body['id']} ({body['attributes'].get('title')})", problem)

    def _update(self, body: Json, changes: Json) -> bool:
        """Change attributes of a page as it is now: somebody may have acknowledged it meanwhile. False: nothing new."""
        with self._directory.store.transaction():
            current = self._directory.get(self._org, PAGES, body["id"]) or body
            changed = bool({**current["attributes"], **changes} != current["attributes"])
            current["attributes"] |= changes
            if changed:
                self._directory.store.put(self._org, PAGES, body["id"], current)
        return changed

    def _open_page(self, key: str) -> Json | None:
        pages = self._directory.objects(self._org, PAGES)
        return next((one for one in pages if one["attributes"].get("key") == key and _status(one) != "resolved"), None)

    def _forget_oldest(self) -> None:
        done = [one for one in self._directory.objects(self._org, PAGES) if _status(one) == "resolved"]
        for old in done[: max(0, len(done) - KEPT)]:
            self._directory.store.delete(self._org, PAGES, old["id"])


def _plan(known: Json, directory: Routing) -> Page | str:
    """Who is paged when by a page's attributes; a text says why there is no plan."""
    target = known.get("target") or {}
    kind, identifier = target.get("type"), str(target.get("identifier"))
    created = _epoch(known["created_at"])
    urgency = known.get("urgency") or "high"
    if kind == "user_id":
        step = PagingStep(created, (identifier,), 1, 1, "the page names the user", urgency)
        return Page("", urgency, None, None, (step,), "triggered")
    team = directory.team(identifier) if kind == "team_handle" else directory.team_by_id(identifier)
    if team is None:
        return f"there is no team {identifier!r}"
    sees = known.get("alert") or {"tags": _tags(known.get("tags") or ()), "status": "error"}
    acknowledged = known.get("acknowledged_at")
    return page(
        directory,
        team,
        Alert(sees.get("tags") or {}, sees.get("groups") or {}, sees.get("priority"), sees["status"]),
        created,
        acknowledged=_epoch(acknowledged) if acknowledged else None,
        page_number=int(known.get("number") or 0),
    )


def _escalated(steps: Sequence[PagingStep], known: Json) -> list[PagingStep]:
    """The steps when somebody escalated by hand: what was still to come moves forward to that moment."""
    if not known.get("escalated_at"):
        return list(steps)
    at = _epoch(known["escalated_at"])
    earlier = next((step.time - at for step in steps if step.time > at), 0.0)
    return [replace(step, time=step.time - earlier) if step.time > at else step for step in steps]


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()


def _status(body: Json) -> str:
    return str(body["attributes"].get("status") or "triggered")


def _key(team: str, monitor: Mapping[str, Any], transition: Transition) -> str:
    return f"{team}/{monitor['id']}/{transition.notified_name}"


def _tags(tags: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for tag in tags:
        key, _, value = str(tag).partition(":")
        found[key].append(value)
    return found


def _email(directory: Routing, user_id: str) -> str | None:
    return next((attributes(one).get("email") for one in directory.users if one.get("id") == user_id), None)
