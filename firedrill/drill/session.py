"""Run the drills of ``firedrill drill``: one healthy segment, then each scenario, then the verdict."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from firedrill.drill import account, control, report
from firedrill.drill.run import WARM_UP, Drill, DrillSetup, record_segment, run_drill
from firedrill.scenario.recordings import phase_files, save_segment
from firedrill.scenario.scenario import load_all
from firedrill.settings import Settings


def run_drills(
    settings: Settings,
    *,
    names: Sequence[str],
    alerts: Mapping[str, str],
    configuration: Mapping[str, str],
    length: float,
    rate: float,
    console: Console,
    recordings: Path | None = None,
) -> list[Drill]:
    """Run the named scenarios, or all live ones, and return each.

    ``alerts`` is the stack's output: monitor ids by resource name. ``length`` is the seconds of a segment, ``rate`` the
    chats per second.
    """
    scenarios = load_all(settings.root / "drills" / "scenarios", names)
    if not names:
        scenarios = {name: scenario for name, scenario in scenarios.items() if scenario.is_live}
    definitions = account.read_definitions(settings, {str(monitor): alert for alert, monitor in alerts.items()})
    recorder = control.Recorder(settings)
    instances = control.ready_instances(settings)
    with recorder.recording():
        setup = DrillSetup(
            settings=settings,
            recorder=recorder,
            definitions=definitions,
            operator_token=configuration["operatorToken"],
            primary=configuration["modelPrimary"],
            fallback=configuration["modelFallback"],
            instances=instances,
            length=length,
            rate=rate,
            log=lambda line: console.print(line, style="dim"),
        )
        control.set_failure(settings, None)
        control.set_model(settings, setup.operator_token, setup.primary)
        console.print(f"Recording the service's telemetry at normal speed, {length:.0f} s a segment:")
        segments = 1 + 2 * len(scenarios)
        minutes = segments * (length + WARM_UP) / 60
        console.print(
            f"{segments} segments take {minutes:.0f} min, evaluations and remediations come on top.", style="dim"
        )
        healthy = record_segment(setup, "healthy")
        drills = []
        for name, scenario in scenarios.items():
            console.rule(name)
            drill = run_drill(setup, name, scenario, healthy)
            report.show(drill, console)
            drills.append(drill)
            if recordings is not None and drill.segments:
                _save(drill, recordings, console)
    return drills


def _save(drill: Drill, folder: Path, console: Console) -> None:
    for segment, path in zip(drill.segments, phase_files(folder, drill.name), strict=True):
        save_segment(segment, path)
        console.print(f"{path.name}: {path.stat().st_size / 1024:.0f} KB", style="dim")


def show_verdict(drills: Sequence[Drill], console: Console) -> bool:
    """Print how many monitors fired and cleared, and return whether each drill was as its scenario says."""
    fired = [outcome for drill in drills for outcome in drill.outcomes.values() if outcome.fired() is not None]
    cleared = {outcome.alert for outcome in fired if outcome.cleared() is not None}
    pages = sum(len(outcome.pages()) for outcome in fired)
    paged = "1 page" if pages == 1 else f"{pages} pages"
    console.rule()
    console.print(
        f"{len(drills)} drills: {len({outcome.alert for outcome in fired})} monitors fired and {len(cleared)} cleared "
        f"({', '.join(sorted(cleared))}), {paged}, {sum(1 for drill in drills if drill.workflow)} workflow runs."
    )
    failed = [drill.name for drill in drills if drill.problems]
    if failed:
        console.print(f"[red]Not as expected: {', '.join(failed)}.[/red]")
    return not failed
