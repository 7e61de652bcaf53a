"""What a drill shows: a table for the terminal and a picture for each alert that fired."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from firedrill.drill.hold import BURST, Drill
from firedrill.drill.story import Clock, Story
from firedrill.evaluate import Timeline
from firedrill.evaluate.model import UNGROUPED
from firedrill.sandbox.datadog.live.workflows import Run

mpl.use("Agg")
mpl.rcParams["svg.hashsalt"] = "firedrill"  # else every picture has new ids each time
mpl.rcParams["path.simplify_threshold"] = 1.0  # lines of a day in a picture of a few hundred points
COLOURS = {"ALERT": "#d62728", "WARN": "#ff9f1c", "NO DATA": "#9467bd"}
MARGIN = 45 * 60.0
"""Seconds of ordinary time that a picture shows on both sides."""


def show(drill: Drill, console: Console) -> None:
    """The story of each alert, the first page's message, the workflow, and what is not as expected."""
    clock = drill.clock
    table = Table("alert", "fired after", "cleared after", "paged", "started", title=escape(drill.scenario.title))
    expected = {one.alert for one in drill.scenario.then}
    told = {name: one for name, one in drill.stories.items() if name in expected or one.fired() is not None}
    for story in told.values():
        fired, cleared = story.fired(), story.cleared()
        table.add_row(
            escape(story.alert),
            "stayed quiet" if fired is None else f"[red]{_minutes(fired - clock.failure)}[/red]",
            "" if fired is None else "[red]never[/red]" if cleared is None else _minutes(cleared - clock.remediation),
            escape(", ".join(dict.fromkeys(person for paged in story.pagings[:1] for person in paged.people))),
            escape(", ".join(sorted({started.handle for started in story.runs()}))),
        )
    console.print(table)
    if len(told) < len(drill.stories):
        console.print(f"{len(drill.stories) - len(told)} other alerts stayed quiet.")
    console.print(
        "Virtual clock: "
        f"failure at {_time(clock.failure)}, workflow at {_time(clock.remediation)}, end at {_time(clock.end)} UTC.",
    )
    for story in drill.stories.values():
        if story.pagings:
            _show_page(story, console)
    if drill.workflow is not None:
        _show_remediation(drill, drill.workflow, console)
    for problem in drill.problems:
        console.print(f"[red]Not as expected[/red]  {escape(problem)}", soft_wrap=True)
    if not drill.problems:
        console.print(f"[green]{escape(drill.name)} holds.[/green]")


def _show_page(story: Story, console: Console) -> None:
    """The first page of an alert: its message, and who is paged when until somebody answers."""
    page = story.pages()[0]
    sent = next(one for one in story.notifications if page in one.deliveries)
    asked = "\n".join(
        f"{_time(one.time)}  {', '.join(one.people)}  ({', '.join(one.schedules) or 'by name'})"
        for one in story.pagings
    )
    title = f"{story.alert} pages team {page.team}, urgency {page.urgency}"
    text = f"{sent.rendered.title}\n\n{sent.rendered.text.strip()}\n\nPaged until somebody answers:\n{asked}"
    console.print(Panel(escape(text), title=escape(title)))


def _show_remediation(drill: Drill, workflow: Run, console: Console) -> None:
    """What the workflow did, and which model answered afterwards."""
    steps = ", ".join(f"{step.name} {step.status}" for step in workflow.steps)
    model, count = (drill.burst.models.most_common(1) or [("no model", 0)])[0]
    console.print(
        f"Workflow {workflow.handle}: {workflow.status} ({escape(steps)}). After it "
        f"{count} of {BURST} chats were answered by {escape(model)}, from {len(drill.instances)} instances."
    )


def picture(clock: Clock, timeline: Timeline, story: Story, path: Path) -> None:
    """An alert's value, its threshold, its states and its notifications over a scenario, as SVG or PNG."""
    from matplotlib import pyplot

    monitor_id = story.monitor["id"]
    times = timeline.times(monitor_id)
    figure, axes = pyplot.subplots(figsize=(10, 3.6), layout="constrained")
    shown = (times >= clock.failure - MARGIN) & (times <= clock.remediation + MARGIN)
    minutes = (times - clock.failure) / 60
    for group, values in timeline.values(monitor_id).items():
        axes.step(minutes[shown], values[shown], where="post", linewidth=1.6, label=group)
    thresholds = (story.monitor.get("options") or {}).get("thresholds") or {}
    for name, value in ((name, float(value)) for name, value in thresholds.items()):
        colour = {"critical": COLOURS["ALERT"], "warning": COLOURS["WARN"]}.get(name, "#2ca02c")
        axes.axhline(value, color=colour, linestyle="--", linewidth=1)
        place: dict[str, Any] = {
            "xytext": (-4, 2),
            "textcoords": "offset points",
            "ha": "right",
            "fontsize": 8,
            "color": colour,
        }
        axes.annotate(f"{name.replace('_', ' ')} {value:g}", (1, value), xycoords=("axes fraction", "data"), **place)
    for states in timeline.states(monitor_id).values():
        for state, colour in COLOURS.items():
            inside = shown & (states == state)
            inside[1:] |= inside[:-1]  # a state lasts until the next evaluation
            if inside.any():
                axes.fill_between(
                    minutes,
                    0,
                    1,
                    where=inside,
                    step="post",
                    transform=axes.get_xaxis_transform(),
                    alpha=0.15,
                    color=colour,
                )
    for sent in story.notifications:
        axes.axvline((sent.transition.time - clock.failure) / 60, color="#333333", linewidth=0.8, linestyle=":")
    _mark(axes, clock)
    axes.set_title(story.monitor["name"], fontsize=10, loc="left", pad=16)
    axes.set_xlabel("minutes after the failure began (shaded: alert state; dotted: notifications)")
    axes.set_xlim(np.nanmin(minutes[shown]), np.nanmax(minutes[shown]))
    if timeline.values(monitor_id) and set(timeline.values(monitor_id)) != {UNGROUPED}:
        axes.legend(fontsize=8, loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
    if path.suffix == ".svg":
        path.write_text(re.sub(r' d="[^"]*"', _rounded, path.read_text()))


def _rounded(path: re.Match[str]) -> str:
    """A path of an SVG to a tenth of a point: more cannot be seen, and weighs in a repository."""
    return re.sub(r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), path[0])


def _mark(axes: "mpl.axes.Axes", clock: Clock) -> None:
    for minute, label in ((0.0, "failure"), ((clock.remediation - clock.failure) / 60, "workflow ran")):
        axes.axvline(minute, color="#1f77b4", linewidth=1.2)
        axes.annotate(label, (minute, 1.01), xycoords=("data", "axes fraction"), fontsize=8, color="#1f77b4")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


def _time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%H:%M")
