"""The paths of a monitor through its states, and who is notified on them, whatever the telemetry."""

from collections.abc import Iterator
from itertools import pairwise

from firedrill.evaluate import Status, Transition
from firedrill.evaluate.model import UNGROUPED, Json
from firedrill.notify.template import TemplateError
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import alert_outcome
from firedrill.scenario.recipients import judge_recipients, judge_recoveries

Path = tuple[Status, ...]


def state_paths(monitor: Json) -> Iterator[Path]:
    """Yield the paths from OK to OK that the monitor's thresholds and its No Data option allow."""
    options = monitor.get("options") or {}
    thresholds = options.get("thresholds") or {}
    critical, warning, recovery = (thresholds.get(key) for key in ("critical", "warning", "critical_recovery"))
    yield ("OK", "ALERT", "OK")
    if warning is not None or monitor["type"] == "composite":
        yield ("OK", "WARN", "OK")
        yield ("OK", "WARN", "ALERT", "OK")
        # An alert that recovers only on the quiet side of the warning does not become one.
        if (
            critical is None
            or warning is None
            or recovery is None
            or abs(recovery - critical) < abs(warning - critical)
        ):
            yield ("OK", "ALERT", "WARN", "OK")
    if options.get("notify_no_data") or options.get("on_missing_data") == "show_and_notify_no_data":
        yield ("OK", "NO DATA", "OK")


def recipient_problems(definitions: Definitions, monitor: Json) -> list[str]:
    """Return what is wrong with who is notified on each path, one line each.

    An alert notifies somebody, and its recovery notifies the same recipients.
    """
    problems: dict[str, None] = {}
    for path in state_paths(monitor):
        transitions = [
            Transition(monitor["id"], {}, UNGROUPED, 60.0 * place, old, new, 1.0, None, notify=True)
            for place, (old, new) in enumerate(pairwise(path), 1)
        ]
        try:
            outcome = alert_outcome(definitions, monitor, transitions, [])
        except TemplateError:
            return []  # the finding "message" has it
        judged = judge_recipients(outcome, None) if "ALERT" in path else judge_recoveries(outcome)
        problems |= {f"{problem.partition(': ')[2]} ({' to '.join(path)})": None for problem in judged}
    return list(problems)
