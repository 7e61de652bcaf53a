"""The effect of a change on an alert as a Mermaid chart, which GitHub draws in the comment of a pull request."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firedrill.evaluate.model import Json
from firedrill.prove.play import ScenarioOutcome
from firedrill.scenario.plot import plot_data, short_number
from firedrill.scenario.words import duration

POINTS = 48
COLOURS = {
    "value": ("#5a35b8", "violet"),
    "value before": ("#9b9fab", "grey"),
    "critical": ("#c0262d", "red"),
    "critical before": ("#f08c8c", "pink"),
    "warning": ("#d98e00", "orange"),
}
"""The colour of each line, and its name in the legend, which Mermaid's charts lack."""


@dataclass(frozen=True)
class Line:
    """A line of the chart: its meaning, one of :data:`COLOURS`, and its values."""

    meaning: str
    values: list[float]


def alert_chart(alert: str, after: ScenarioOutcome, before: ScenarioOutcome | None) -> str:
    """Return a chart of an alert in one scenario with its thresholds, as Markdown; empty if it has no values.

    ``before`` is the same scenario with the earlier version, if the alert existed.
    """
    plot = _plot(alert, after)
    earlier = None if before is None else _plot(alert, before)
    lines = _lines(plot, earlier)
    if lines and before is not None and earlier is not None and _measures_otherwise(alert, after, before):
        lines.insert(1, Line("value before", _at(plot["minutes"], earlier)))
    if not lines:
        return ""
    minutes = plot["minutes"]
    values = [value for line in lines for value in line.values]
    colours = ", ".join(COLOURS[line.meaning][0] for line in lines)
    staged = after.staged
    chart = [
        "```mermaid",
        f'%%{{init: {{"themeVariables": {{"xyChart": {{"plotColorPalette": "{colours}"}}}}}}}}%%',
        "xychart-beta",
        f'  title "{_plain(f"{alert} in {staged.name}")}"',
        f'  x-axis "minutes after the failure began" {minutes[0]} --> {minutes[-1]}',
        f"  y-axis {min(0, *values)} --> {short_number(max(values) * 1.1 or 1)}",
        *(f"  line [{', '.join(str(value) for value in line.values)}]" for line in lines),
        "```",
    ]
    return "\n".join([*chart, "", _legend(lines), "", _result(alert, after, before)])


def _plot(alert: str, outcome: ScenarioOutcome) -> Json:
    return plot_data(outcome.staged.clock, outcome.timeline, outcome.alerts[alert], points=POINTS)


def _lines(plot: Json, earlier: Json | None) -> list[Line]:
    """Return the lines of a chart: the series of the first group, and each threshold as a line."""
    if not plot["series"] or len(plot["minutes"]) < 2:
        return []
    lines = [Line("value", _without_gaps(plot["series"][0]["values"]))]
    thresholds: dict[str, float] = {
        name: plot["thresholds"][name] for name in ("critical", "warning") if name in plot["thresholds"]
    }
    old = (earlier or {}).get("thresholds", {}).get("critical")
    if old is not None and old != thresholds.get("critical"):
        thresholds["critical before"] = old
    return [*lines, *(Line(name, [short_number(value)] * len(plot["minutes"])) for name, value in thresholds.items())]


def _measures_otherwise(alert: str, after: ScenarioOutcome, before: ScenarioOutcome) -> bool:
    """Return whether the two versions have other values, and not only other thresholds."""
    new, old = (list(of.timeline.values(of.alerts[alert].monitor["id"]).values())[:1] for of in (after, before))
    return bool(new and old) and not np.array_equal(new[0], old[0], equal_nan=True)


def _at(minutes: list[float], plot: Json) -> list[float]:
    """Return the values of a plot at other minutes."""
    values = _without_gaps(plot["series"][0]["values"])
    return [short_number(value) for value in np.interp(minutes, plot["minutes"], values).tolist()]


def _without_gaps(values: list[float | None]) -> list[float]:
    """Return values in which a gap is the value before it, since a chart of Mermaid has a value everywhere."""
    filled: list[float] = []
    for value in values:
        filled.append(value if value is not None else filled[-1] if filled else 0)
    return filled


def _legend(lines: list[Line]) -> str:
    parts = []
    for line in lines:
        level = "" if line.meaning.startswith("value") else f" {line.values[0]}"
        parts.append(f"{COLOURS[line.meaning][1]} = {line.meaning}{level}")
    return f"Lines: {', '.join(parts)}."


def _result(alert: str, after: ScenarioOutcome, before: ScenarioOutcome | None) -> str:
    """Return when the alert fires now, and when it fired before."""
    now = _fired(alert, after)
    return f"{now}; before: {_fired(alert, before)}." if before is not None else f"{now}."


def _fired(alert: str, outcome: ScenarioOutcome) -> str:
    fired = outcome.alerts[alert].fired()
    if fired is None:
        return "stays quiet"
    return f"fires {duration(round((fired - outcome.staged.clock.failure) / 60) * 60)} after the failure began"


def _plain(text: str) -> str:
    return text.replace('"', "'")


def definitions_differ(before: Mapping[str, Json], after: Mapping[str, Json]) -> bool:
    """Return whether two versions of a monitor can evaluate differently."""
    return any(before.get(key) != after.get(key) for key in ("type", "query", "options"))
