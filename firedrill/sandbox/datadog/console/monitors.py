"""``GET /-/console/monitors/ID``: a monitor's series, thresholds, states, with their reason, and notifications."""

import time
from dataclasses import asdict
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from firedrill.evaluate import Account, Refused, Transition, run
from firedrill.evaluate.metric.bounds import bounds_of
from firedrill.evaluate.model import group_name
from firedrill.evaluate.parsed_monitor import ParsedMonitor, parse_monitor
from firedrill.evaluate.state.composite import member_names
from firedrill.notify import TemplateError, render
from firedrill.query import QueryError
from firedrill.query.tree import CompositeAnd, CompositeNot, CompositeOr, Member, MetricMonitor, ParenthesizedComposite
from firedrill.sandbox.datadog.account import MONITORS, Directory
from firedrill.sandbox.datadog.console.graphs import numbers, step_of
from firedrill.sandbox.datadog.console.reasons import reason
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live import Live
from firedrill.sandbox.datadog.live.journal import NOTIFICATIONS
from firedrill.sandbox.datadog.live.monitors import MonitorEvaluator
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

Json = dict[str, Any]
MOST_GROUPS = 50
"""Groups whose series are drawn."""
MOST_BANDS = 3
"""Groups whose values are drawn with their bounds."""


def routes(directory: Directory, receiver: Receiver, live: Live) -> list[BaseRoute]:
    """Return the route."""

    async def monitor(request: Request) -> Response:
        found = directory.get(receiver.agent_org, MONITORS, request.path_params["id"])
        if found is None:
            return JSONResponse({"errors": [f"monitor {request.path_params['id']} is not in this account"]}, 404)
        end = float(request.query_params.get("end") or time.time())
        start = float(request.query_params.get("start") or end - 4 * 3600)
        return JSONResponse(await run_in_threadpool(_report, found, live, receiver, (start, end)))

    return [Route("/-/console/monitors/{id}", monitor)]


def _report(monitor: Json, live: Live, receiver: Receiver, time_range: tuple[float, float]) -> Json:
    identifier, evaluator = str(monitor["id"]), live.evaluator
    memory = evaluator.state().data["monitors"].get(identifier) or {"groups": {}, "history": []}
    notifications = [
        entry for entry in live.journal.entries(NOTIFICATIONS) if str(entry.get("monitor_id")) == identifier
    ]
    report: Json = {
        "history": memory["history"],
        "notifications": notifications[::-1],
        "refused": evaluator.refused.get(identifier),
        "evaluated": evaluator.evaluated,
    }
    try:
        parsed = parse_monitor(monitor)
        account = evaluator.account()
        store = receiver.store(receiver.agent_org)
        alone = Account([monitor], account.slos, [], account.corrections, account.synthetics)
        values = _last_values(monitor, alone, store, memory.get("evaluated"))
        return report | {
            **_states(parsed, memory, evaluator, values),
            "preview": _preview(monitor, parsed),
            "series": _series(monitor, alone, store, time_range),
            "bounds": _bounds(parsed, monitor, store, time_range),
        }
    except (Refused, QueryError) as error:
        return report | {
            "refused": str(error),
            "thresholds": None,
            "groups": [],
            "series": {},
            "bounds": None,
            "members": [],
        }


def _last_values(monitor: Json, alone: Account, store: TelemetryStore, evaluated: float | None) -> dict[str, float]:
    """Return the value of each group at the last evaluation."""
    if evaluated is None or monitor["type"] == "composite":
        return {}
    timeline = run(alone, store, evaluated, evaluated, strict=False)
    values = timeline.values(monitor["id"]) if monitor["id"] in timeline.monitors else {}
    return {name: float(row[-1]) for name, row in values.items() if row.size and not np.isnan(row[-1])}


def _preview(monitor: Json, parsed: ParsedMonitor) -> Json | None:
    """Return title and text of the message of an alert at the critical threshold; None where it cannot be rendered."""
    critical = parsed.rules.thresholds.critical if parsed.rules.thresholds else None
    group = dict.fromkeys(parsed.by, "…")
    name, now = group_name(group), time.time()
    transition = Transition(
        monitor["id"], group, name, now, "OK", "ALERT", critical, critical, True, first_triggered=now,
        last_triggered=now, notified_group=group, notified_name=name,
    )  # fmt: skip
    try:
        rendered = render(monitor, transition)
    except TemplateError:
        return None
    return {"title": rendered.title, "text": rendered.text}


def _states(parsed: ParsedMonitor, memory: Json, evaluator: MonitorEvaluator, values: dict[str, float]) -> Json:
    """Return the thresholds, the members of a composite, and state, value and reason of each group."""
    thresholds = parsed.rules.thresholds
    members = _members(parsed, evaluator)
    return {
        "thresholds": asdict(thresholds) if thresholds is not None else None,
        "groups": [
            {
                "name": name,
                "state": group["state"],
                "value": values.get(name),
                "last_triggered": group.get("last_triggered"),
                "reason": reason(group["state"], values.get(name), thresholds, members, group.get("latest")),
            }
            for name, group in memory["groups"].items()
            if group.get("state")
        ],
        "members": members,
    }


def _members(parsed: ParsedMonitor, evaluator: MonitorEvaluator) -> list[Json]:
    """Return id, name and state of the monitors that a composite combines."""
    body = parsed.query.body
    if not isinstance(body, CompositeAnd | CompositeOr | CompositeNot | Member | ParenthesizedComposite):
        return []
    names = {str(monitor["id"]): monitor.get("name") for monitor in evaluator.account().monitors}
    return [
        {"id": member, "name": names.get(member), "state": evaluator.state_of(member)[0]}
        for member in member_names(body)
    ]


def _bounds(
    parsed: ParsedMonitor, monitor: Json, store: TelemetryStore, time_range: tuple[float, float]
) -> Json | None:
    """Return measured values with the bounds of anomalies() or forecast(), by group; None for other monitors."""
    body = parsed.query.body
    found = (
        bounds_of(body, monitor.get("options") or {}, store, *time_range) if isinstance(body, MetricMonitor) else None
    )
    if found is None or not found.times.size:
        return None
    return {
        "times": found.times.tolist(),
        "groups": [
            {
                "name": group_name(dict(zip(found.by, key, strict=True))),
                "values": numbers(found.values[row]),
                "lower": numbers(found.lower[row]),
                "upper": numbers(found.upper[row]),
            }
            for row, key in enumerate(found.keys[:MOST_BANDS])
        ],
    }


def _series(monitor: Json, alone: Account, store: TelemetryStore, time_range: tuple[float, float]) -> Json:
    """Return the values that the monitor compares, as each evaluation of the range computes them."""
    if monitor["type"] == "composite":
        return {}
    step = step_of(time_range[1] - time_range[0])
    start, end = (float(moment // step * step) for moment in time_range)
    timeline = run(alone, store, start, end, step, strict=False)
    track = timeline.monitors.get(monitor["id"])
    if track is None or not track.times.size:
        return {}
    return {
        "times": track.times.tolist(),
        "values": {name: numbers(values) for name, values in list(track.values.items())[:MOST_GROUPS]},
        "default": track.default,
    }
