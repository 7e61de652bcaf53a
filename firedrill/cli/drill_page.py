"""The page of ``firedrill drill``: the plots of the alerts that fired, as in the report of a proof."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from firedrill.drill.run import Drill
from firedrill.evaluate.model import Json
from firedrill.prove.report.page import page
from firedrill.prove.report.plays import play_data
from firedrill.scenario.words import course


def write_page(drills: Sequence[Drill], path: Path, console: Console) -> None:
    """Write the page of some drills and print where it is."""
    problems = [f"{drill.name}: {problem}" for drill in drills for problem in drill.problems]
    data = {
        "title": "Drill",
        "proven": not problems,
        "verdict": "Not as expected." if problems else "As expected.",
        "seconds": 0,
        "covered": 0,
        "problems": problems,
        "classes": [],
        "other_faults": [],
        "scenarios": [_scenario(drill) for drill in drills],
        "not_played": [],
        "noise": {"weeks": 0, "teams": {}},
        "findings": [],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(data, list(_alerts(drills))))
    console.print(f"The plots of the alerts that fired: {escape(str(path))}", style="dim", soft_wrap=True)


def _scenario(drill: Drill) -> Json:
    return {
        "scenario": drill.name,
        "title": drill.scenario.title,
        "course": course(drill.scenario),
        "telemetry": "real",
        "problems": drill.problems,
    }


def _alerts(drills: Sequence[Drill]) -> Iterator[Json]:
    """Yield each alert that fired, with a play for each drill in which it did."""
    fired = {
        outcome.alert: outcome.monitor
        for drill in drills
        for outcome in drill.outcomes.values()
        if outcome.fired() is not None
    }
    for alert, monitor in fired.items():
        firing = [drill for drill in drills if drill.outcomes[alert].fired() is not None]
        yield {
            "alert": alert,
            "name": monitor["name"],
            "type": monitor["type"],
            "query": monitor["query"],
            "fires_in": [drill.name for drill in firing],
            "quiet_in": [drill.name for drill in drills if drill not in firing],
            "faults": {"caught": 0, "survived": 0, "equivalent": 0},
            "survived": [],
            "equivalent": [],
            "notifications_a_week": None,
            "evidence": ["real telemetry"],
            "problems": [problem for drill in drills for problem in drill.problems if problem.startswith(f"{alert}:")],
            "plays": [
                play_data(drill.name, drill.scenario, drill.clock, drill.timeline, drill.outcomes[alert], real=True)
                for drill in firing
            ],
        }
