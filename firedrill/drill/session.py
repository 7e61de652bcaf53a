"""All that ``firedrill drill`` does: one healthy segment, then each scenario, then the pictures and the verdict."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from firedrill.drill import account, control, report
from firedrill.drill.hold import Bench, Drill, hold, record
from firedrill.drill.layout import Segment, lay_out
from firedrill.drill.scenario import LIVE, load_all
from firedrill.evaluate import Event, Recording, recording_file
from firedrill.sandbox.settings import Settings

PARTS = ("healthy", "failing", "remediated")
"""What the files of a recorded drill are called."""
KEPT = ("logs", "spans", "llmobs", "error-tracking")
"""Tracks of events that recordings keep."""
OPERATIONS = ("google_genai.request",)
FIELDS = ("service", "status", "env", "version", "operation_name", "resource_name", "tags")


def drill(
    settings: Settings,
    *,
    names: Sequence[str],
    alerts: Mapping[str, str],
    configuration: Mapping[str, str],
    length: float,
    rate: float,
    pictures: Path,
    console: Console,
    recordings: Path | None = None,
) -> bool:
    """Hold the named scenarios, or all. ``alerts`` is the stack's output: monitor ids by resource name.

    Returns whether every one was as its scenario says.
    """
    scenarios = load_all(settings.root / "drills" / "scenarios", names)
    if not names:
        scenarios = {name: one for name, one in scenarios.items() if isinstance(one.given, LIVE)}
    definitions = account.read(settings, {str(monitor): alert for alert, monitor in alerts.items()})
    recorder = control.Recorder(settings)
    instances = _instances(settings)
    with recorder.recording():
        bench = Bench(
            settings,
            recorder,
            definitions,
            configuration["operatorToken"],
            configuration["modelPrimary"],
            configuration["modelFallback"],
            instances,
            length,
            rate,
            lambda line: console.print(line, style="dim"),
        )
        control.set_failure(settings, None)
        control.set_model(settings, bench.operator_token, bench.primary)
        console.print(f"Recording what the service emits at normal speed, {length:.0f} s a segment:")
        healthy = record(bench, "healthy")
        held = []
        for name, scenario in scenarios.items():
            console.rule(name)
            one = hold(bench, name, scenario, healthy)
            report.show(one, console)
            held.append(one)
            if recordings is not None and one.segments:
                for segment, part in zip(one.segments, PARTS, strict=True):
                    keep(segment, recordings / f"{name}.{part}.npz", console)
    _pictures(held, pictures, console)
    return _verdict(held, console)


def keep(segment: Segment, path: Path, console: Console) -> None:
    """Write what arrived in a segment: metrics, logs, and of spans what searches read, from time 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = lay_out([(segment, segment.length)], start=0.0)
    events = [slim(event) for event in moved.all_events if kept(event)]
    recording_file.save(Recording(moved.all_series, events), path)
    console.print(f"{path.name}: {path.stat().st_size / 1024:.0f} KB", style="dim")


def kept(event: Event) -> bool:
    """Whether recordings keep an event: of spans only the calls to the model, of which each chat has one or two."""
    return event.track in KEPT and (event.track != "spans" or event.attributes.get("operation_name") in OPERATIONS)


def slim(event: Event) -> Event:
    """An event without texts and ids, which no search of a monitor reads."""
    if event.track == "logs":
        return event
    fields = {key: value for key, value in event.attributes.items() if key in FIELDS}
    attributes = event.attributes.get("attributes") or {}
    meta = attributes.get("meta") or {}
    known = {key: attributes[key] for key in ("ml_app", "metrics", "duration", "error", "issue") if key in attributes}
    if meta:
        known["meta"] = {key: meta[key] for key in ("span", "span.kind", "model_name", "model_provider") if key in meta}
    return Event(event.time, event.track, {**fields, "attributes": known})


def _instances(settings: Settings) -> int:
    """How many instances serve now."""
    with control.google(settings) as client:
        answer = client.get("/-/status")
    revisions = [revision for service in answer.json()["services"] for revision in service["revisions"]]
    return sum(1 for revision in revisions for instance in revision["instances"] if instance["ready"])


def _pictures(held: Sequence[Drill], folder: Path, console: Console) -> None:
    began = time.monotonic()
    count = 0
    for one in held:
        for story in one.stories.values():
            if story.fired() is not None and one.timeline.values(story.monitor["id"]):
                report.picture(one.clock, one.timeline, story, folder / f"{one.name}-{story.alert}.svg")
                count += 1
    console.print(f"{count} pictures in {folder} ({time.monotonic() - began:.0f} s).", style="dim")


def _verdict(held: Sequence[Drill], console: Console) -> bool:
    stories = [story for one in held for story in one.stories.values() if story.fired() is not None]
    cleared = {story.alert for story in stories if story.cleared() is not None}
    pages = sum(len(story.pages()) for story in stories)
    console.rule()
    console.print(
        f"{len(held)} drills: {len({story.alert for story in stories})} monitors fired and {len(cleared)} cleared "
        f"({', '.join(sorted(cleared))}), {pages} pages, {sum(1 for one in held if one.workflow)} workflow runs."
    )
    wrong = [one.name for one in held if one.problems]
    if wrong:
        console.print(f"[red]Not as expected: {', '.join(wrong)}.[/red]")
    return not wrong
