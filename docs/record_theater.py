"""Write web/theater/public/drills: the recorded drill of each failure, as the failure theater plays it.

``python docs/record_theater.py`` evaluates the stack's alerts on drills/recordings, without a sandbox. Times are
seconds since the failure began.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from firedrill.evaluate import graph_query  # noqa: E402
from firedrill.notify.deliver import Message, PageResolved, WorkflowRun  # noqa: E402
from firedrill.notify.paging import Page  # noqa: E402
from firedrill.prove.collect import from_program  # noqa: E402
from firedrill.prove.ordinary import load as load_ordinary  # noqa: E402
from firedrill.prove.play import ScenarioOutcome, play  # noqa: E402
from firedrill.prove.staging import stage  # noqa: E402
from firedrill.scenario.definitions import Definitions  # noqa: E402
from firedrill.scenario.outcome import AlertOutcome  # noqa: E402
from firedrill.scenario.scenario import load_all  # noqa: E402
from service.theater.failures import FAILURES, Failure  # noqa: E402

FOLDER = ROOT / "web" / "theater" / "public" / "drills"
BEFORE, AFTER = 600, 600
"""Seconds that are kept before the failure and after the last recovery."""
NUMBERS = {
    "answered": "sum:llm.chat.requests{outcome:ok}.as_count()",
    "failed": "sum:llm.chat.requests{!outcome:ok}.as_count()",
    "tokens": "sum:llm.chat.tokens{*}.as_count()",
    "cost": "sum:llm.chat.cost{*}.as_count()",
    "latency": "p95:llm.chat.latency{*}",
}
STATES = {"ALERT": "alert", "WARN": "warn", "OK": "ok", "NO DATA": "nodata"}
Json = dict[str, Any]


def drill(failure: Failure, definitions: Definitions) -> Json:
    """Return a failure's drill as JSON."""
    folder = ROOT / "drills"
    scenario = load_all(folder / "scenarios", [failure.scenario])[failure.scenario]
    staged = stage(failure.scenario, scenario, load_ordinary(folder / "ordinary.yaml"), folder)
    assert staged is not None, f"drills/recordings has no {failure.scenario}: run `firedrill record`"
    outcome = play(definitions, staged, readings=False)
    begin = staged.clock.failure
    watched = [outcome.alerts[key] for key in failure.alerts]
    last = max([staged.clock.remediation, *(alert.cleared() or 0 for alert in watched)])
    start, end = begin - BEFORE, min(last + AFTER, staged.clock.end)
    return {
        "title": scenario.title,
        "start": start - begin,
        "remediation": staged.clock.remediation - begin,
        "end": end - begin,
        "numbers": _numbers(outcome, begin, start, end),
        "alerts": [_alert(alert, outcome, begin, start, end) for alert in watched],
        "others": sorted(
            key for key, alert in outcome.alerts.items() if alert.fired() is not None and key not in failure.alerts
        ),
    }


def _numbers(outcome: ScenarioOutcome, begin: float, start: float, end: float) -> Json:
    """Return what the service emitted in each minute."""
    times = [start - begin + 60 * minute for minute in range(int(end - start) // 60)]
    numbers: Json = {"times": times}
    for name, query in NUMBERS.items():
        lines = graph_query(query, outcome.staged.telemetry, start, end, 60)
        points = {
            float(at) - begin: float(value) for line in lines for at, value in zip(line.times, line.values, strict=True)
        }
        numbers[name] = [_rounded(points.get(time, math.nan)) for time in times]
    return numbers


def _alert(alert: AlertOutcome, outcome: ScenarioOutcome, begin: float, start: float, end: float) -> Json:
    monitor = alert.monitor
    thresholds = (monitor.get("options") or {}).get("thresholds") or {}
    times = outcome.timeline.times(monitor["id"])
    shown = (times >= start) & (times <= end)
    groups = [values[shown] for values in outcome.timeline.values(monitor["id"]).values()]
    worst = max(groups, key=lambda values: float(np.nanmax(values, initial=-np.inf)), default=None)
    fired = alert.fired()
    return {
        "key": alert.alert,
        "title": str(monitor["name"]).partition(": ")[2],
        "critical": thresholds.get("critical"),
        "warning": thresholds.get("warning"),
        "fired": None if fired is None else fired - begin,
        "series": None
        if worst is None
        else {"times": [float(time) - begin for time in times[shown]], "values": [_rounded(value) for value in worst]},
        "events": _events(alert, begin, end),
    }


def _events(alert: AlertOutcome, begin: float, end: float) -> list[Json]:
    """Return state changes, pages, messages of alerts, and runs of workflows."""
    events: list[tuple[float, str, str]] = [
        (change.time, STATES[change.new], change.group_name) for change in alert.transitions
    ]
    for notification in alert.notifications:
        at = notification.transition.time
        for delivery in notification.deliveries:
            match delivery:
                case PageResolved(team):
                    events.append((at, "resolved", team))
                case WorkflowRun(handle, _, _):
                    events.append((at, "workflow", handle))
                case Message(kind, name) if notification.transition.new != "OK":
                    events.append((at, "message", f"{kind} {name}"))
                case Page():
                    pass
                case _:
                    continue
    events += [(paging.time, "page", ", ".join(paging.people)) for paging in alert.pagings]
    events.sort()
    return [{"at": at - begin, "kind": kind, "text": text} for at, kind, text in events if begin <= at <= end]


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.4g}")


def main() -> None:
    """Write all files."""
    definitions = from_program(ROOT, "local")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for failure in FAILURES:
        path = FOLDER / f"{failure.key}.json"
        path.write_text(json.dumps(drill(failure, definitions), separators=(",", ":")) + "\n")
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
